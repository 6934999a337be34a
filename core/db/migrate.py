"""Runs and inspects migrations; `python -m core.db.migrate` brings a database to the newest schema."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from core.config import settings
from core.db.roles import ensure_roles
from core.db.session import OWNER, engine

MONTHS_BACK, MONTHS_AHEAD = 4, 3
PARTITIONS_LOCK = 20262026


@contextmanager
def migration_connection() -> Iterator[Connection]:
    """A connection as the schema owner."""
    with engine(OWNER).connect() as connection:
        yield connection


def alembic_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(revision: str = "head") -> None:
    """Create roles, migrate up and make the event partitions that are needed soon."""
    ensure_roles(settings())
    command.upgrade(alembic_config(), revision)
    if revision == "head":
        with engine(OWNER).begin() as connection:
            ensure_partitions(connection)


def downgrade(revision: str) -> None:
    """Migrate down; data in dropped columns and tables is gone."""
    command.downgrade(alembic_config(), revision)


def pending_revisions(connection: Connection) -> list[str]:
    """Revisions that the database does not have yet, oldest first; none when a newer version migrated it already."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = [item.revision for item in _scripts().walk_revisions()]
    if current is not None and current not in known:
        return []
    done = known.index(current) if current else len(known)
    return list(reversed(known[:done]))


@functools.cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def ensure_partitions(connection: Connection, today: date | None = None) -> None:
    """Make the monthly partitions of the event table around ``today`` (UTC); existing ones are left alone."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": PARTITIONS_LOCK})
    today = today or datetime.now(UTC).date()
    months = today.year * 12 + today.month - 1
    for number in range(months - MONTHS_BACK, months + MONTHS_AHEAD + 1):
        first = date(number // 12, number % 12 + 1, 1)
        connection.execute(text("SELECT adrail_make_events_partition(:month)"), {"month": first})


if __name__ == "__main__":
    upgrade()
