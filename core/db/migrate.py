"""Runs and inspects migrations; `python -m core.db.migrate` brings a database to the newest schema."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.config import settings
from core.db.partitions import ensure_partitions
from core.db.roles import ensure_roles
from core.db.session import OWNER, engine


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


if __name__ == "__main__":
    upgrade()
