"""Rows of another marketplace, table by table: unseen, unchanged, not to be added; the same for partitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.db.session import APP, anonymous_session, tenant_session
from core.tables import metadata
from tests.marketplace import make_marketplace
from tests.security.fingerprint import fingerprint
from tests.security.prey import Looking, Prey, settle

TENANT_TABLES = sorted(name for name, table in metadata.tables.items() if "tenant_id" in table.c)
REFUSED = r"row-level security|permission denied"
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@pytest.fixture(scope="module")
def looking(database: str) -> Iterator[Looking]:
    """A superuser's connection, for looking only."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def theirs(looking: Looking) -> Prey:
    """A marketplace in which everything has happened."""
    return settle(looking, make_marketplace(), "theirword")


@pytest.fixture(scope="module")
def mine(theirs: Prey) -> int:
    """Another marketplace."""
    return make_marketplace().tenant_id


def test_every_table_with_tenants_has_forced_row_security_and_no_open_partition(looking: Looking, theirs: Prey) -> None:
    rows = looking.execute(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, c.relispartition,"
        "       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'v', 'f')"
    ).fetchall()
    found = {name for name, *_ in rows}
    assert found >= set(TENANT_TABLES)
    assert [name for name, forced, *_ in rows if not forced] == []
    assert [name for name, _, partition, policies in rows if not partition and policies != 1] == []
    granted = [
        (name, right)
        for name, _, partition, _ in rows
        for right in RIGHTS
        if partition
        and looking.execute("SELECT has_table_privilege(%s, %s, %s)", [APP, name, right]).fetchone() != (False,)
    ]
    assert granted == []


def test_without_tenant_no_row_of_anybody_is_seen(theirs: Prey) -> None:
    with anonymous_session() as session:
        seen = {
            name: session.scalar(text(f"SELECT count(*) FROM {name} WHERE tenant_id IS NOT NULL"))
            for name in TENANT_TABLES
        }
    assert {name for name, count in seen.items() if count} == set()


def test_rows_of_others_are_neither_seen_nor_changed_nor_removed(looking: Looking, theirs: Prey, mine: int) -> None:
    before = fingerprint(looking, tenant_id=theirs.tenant_id)
    filled = {name for name, (count, _) in before.items() if count}
    assert len(filled) > 20, "the other marketplace must have rows to be attacked"
    where = {"theirs": theirs.tenant_id}
    for name in TENANT_TABLES:
        with tenant_session(mine) as session:
            assert session.scalar(text(f"SELECT count(*) FROM {name} WHERE tenant_id = :theirs"), where) == 0, name
        for statement in (
            f"UPDATE {name} SET tenant_id = :mine WHERE tenant_id = :theirs",
            f"DELETE FROM {name} WHERE tenant_id = :theirs",
        ):
            _try(mine, statement, {**where, "mine": mine})
    assert fingerprint(looking, tenant_id=theirs.tenant_id) == before


def _try(tenant_id: int, statement: str, values: dict[str, Any]) -> None:
    """Where the application may not even write, that is an answer, too; nothing else is."""
    touched, said = 0, ""
    try:
        with tenant_session(tenant_id) as session:
            touched = session.execute(text(statement), values).rowcount  # type: ignore[attr-defined]
    except DBAPIError as error:
        said = str(error.orig)
    assert touched == 0, statement
    assert not said or "permission denied" in said, statement


def test_rows_cannot_be_added_to_others(theirs: Prey, mine: int) -> None:
    for name in TENANT_TABLES:
        # Of a partitioned table it must be known where the row would go.
        when = [column.name for column in metadata.tables[name].c if column.name in {"received_at", "occurred_at"}]
        columns, values = ", ".join(["tenant_id", *when]), ", ".join([":theirs", *("now()" for _ in when)])
        with pytest.raises(DBAPIError, match=REFUSED), tenant_session(mine) as session:
            session.execute(text(f"INSERT INTO {name} ({columns}) VALUES ({values})"), {"theirs": theirs.tenant_id})


def test_own_rows_cannot_be_given_to_others(looking: Looking, theirs: Prey, mine: int) -> None:
    before = fingerprint(looking, tenant_id=theirs.tenant_id)
    for name in TENANT_TABLES:
        with tenant_session(mine) as session:
            count = session.scalar(text(f"SELECT count(*) FROM {name} WHERE tenant_id IS NOT NULL"))
        if count:
            with (
                pytest.raises(DBAPIError, match=REFUSED),
                tenant_session(mine) as session,
            ):
                session.execute(text(f"UPDATE {name} SET tenant_id = :theirs"), {"theirs": theirs.tenant_id})
    assert fingerprint(looking, tenant_id=theirs.tenant_id) == before
