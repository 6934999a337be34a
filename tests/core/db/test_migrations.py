"""Migrations: up, down and up again, equal to the models, one migrator at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from sqlalchemy import text

from core.db import migrate as migrations
from core.db.migrate import alembic_config, downgrade, migration_connection, pending_revisions, upgrade
from core.db.session import APP, OWNER, engine

REVISIONS = sorted(path.stem for path in Path(migrations.__file__).parent.glob("migrations/versions/0*.py"))
STRUCTURE = {
    "columns": """
        SELECT table_name, column_name, data_type, column_default, is_nullable FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY 1, 2""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    "policies": "SELECT tablename, policyname, qual, with_check FROM pg_policies ORDER BY 1, 2",
    "tables": """
        SELECT relname, relowner::regrole::text, relrowsecurity, relforcerowsecurity,
               ARRAY(SELECT a.grantee::regrole || ' ' || a.privilege_type FROM aclexplode(relacl) a
                     WHERE a.grantee <> relowner ORDER BY 1)
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
        ORDER BY 1""",
    "functions": """
        SELECT proname, proowner::regrole::text, proacl::text, prosrc FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace ORDER BY 1""",
}


def structure(url: str) -> dict[str, list[Any]]:
    """Everything that migrations make."""
    with psycopg.connect(url) as connection:
        return {name: connection.execute(query).fetchall() for name, query in STRUCTURE.items()}


def test_up_down_and_up_again_gives_the_same_schema(empty_database: str) -> None:
    upgrade()
    first = structure(empty_database)
    downgrade("base")
    left = structure(empty_database)
    assert [row for row in left["columns"] if row[0] != "alembic_version"] == []
    assert (left["policies"], left["functions"], left["tables"]) == ([], [], [])
    upgrade()
    assert structure(empty_database) == first
    assert len(first["tables"]) > 30


def test_every_step_can_be_taken_alone_and_back(empty_database: str) -> None:
    upgrade("0001_tables")
    half = structure(empty_database)
    upgrade("0002_row_level_security")
    downgrade("0001_tables")
    assert structure(empty_database) == half


def test_migrating_twice_changes_nothing(empty_database: str) -> None:
    upgrade()
    first = structure(empty_database)
    upgrade()
    assert structure(empty_database) == first


def test_models_and_migrations_agree(empty_database: str) -> None:
    upgrade()
    command.check(alembic_config())


def test_what_is_missing_is_told_oldest_first(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE unrelated (id int)")
    with engine(OWNER).connect() as connection:
        missing = pending_revisions(connection)
    assert sorted(missing) == REVISIONS
    assert missing[:2] == ["0001_tables", "0002_row_level_security"]
    upgrade("0001_tables")
    with migration_connection() as connection:
        assert pending_revisions(connection) == missing[1:]
    upgrade()
    with engine(APP).connect() as connection:
        assert pending_revisions(connection) == []


def test_a_schema_of_a_newer_version_lacks_nothing_for_this_one(empty_database: str) -> None:
    upgrade()
    with engine(OWNER).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_of_a_later_version'"))
        assert pending_revisions(connection) == []


def test_two_migrators_at_once_both_succeed(empty_database: str) -> None:
    migrators = [
        subprocess.Popen([sys.executable, "-m", "core.db.migrate"], stderr=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(2)
    ]
    said = [migrator.communicate(timeout=60)[1] for migrator in migrators]
    assert [migrator.returncode for migrator in migrators] == [0, 0], said
    with engine(APP).connect() as connection:
        assert pending_revisions(connection) == []
