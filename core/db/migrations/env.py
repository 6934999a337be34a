"""Alembic environment: acts as the schema owner, with time limits, one migrator at a time."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from core.db.locks import Lock
from core.db.migrate import migration_connection
from core.tables import metadata


def include_object(_object: Any, name: str | None, type_: str, _reflected: bool, _compare_to: Any) -> bool:
    """Leave partitions of the event table to the scheduler."""
    return not (type_ == "table" and name is not None and name.startswith("tx_events_p"))


def _run(connection: Connection) -> None:
    # Another migrator may be waited for as long as it needs; waiting for a table must not block the application.
    connection.execute(text("SET LOCAL lock_timeout = '10min'"))
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.MIGRATIONS})
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    context.configure(
        connection=connection, target_metadata=metadata, include_object=include_object, compare_server_default=True
    )
    context.run_migrations()


with migration_connection() as migrating, migrating.begin():
    _run(migrating)
