"""The audit log: a chain that shows where it was tampered with."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import Any

import psycopg
import pytest

from core.accounts.api import Actor, record_audit, verify_audit
from core.db.session import tenant_session
from tests.marketplace import Marketplace

Admin = psycopg.Connection[tuple[Any, ...]]
DETAIL = {"z": 1, "a": [True, None, 1.5, "ș"], "nested": {"b": 2, "a": 1}}


@pytest.fixture
def chain(marketplace: Marketplace) -> Marketplace:
    """A marketplace whose log has some more entries."""
    for number in range(5):
        with tenant_session(marketplace.tenant_id) as session:
            record_audit(session, marketplace.staff, "thing.changed", f"thing:{number}", DETAIL)
    return marketplace


def entries(admin: Admin, tenant_id: int) -> list[tuple[Any, ...]]:
    """Everything in a tenant's log, as it lies in the table."""
    query = """
        SELECT id, at, actor, action, subject, detail, previous_hash, hash FROM audit_log
        WHERE tenant_id = %s ORDER BY id"""
    return admin.execute(query, [tenant_id]).fetchall()


def test_every_hash_covers_its_row_and_the_hash_before(chain: Marketplace, admin_connection: Admin) -> None:
    before = b""
    rows = entries(admin_connection, chain.tenant_id)
    assert len(rows) > 5
    for _, at, actor, action, subject, detail, previous, digest in rows:
        body = [chain.tenant_id, at.astimezone(UTC).isoformat(), actor, action, subject, detail]
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert previous == before
        assert digest == hashlib.sha256(before + text.encode()).digest()
        before = digest
    assert verify_audit(chain.tenant_id) is None


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_log SET actor = 'user:1' WHERE id = %s",
        "UPDATE audit_log SET subject = 'thing:9' WHERE id = %s",
        "UPDATE audit_log SET action = 'thing.deleted' WHERE id = %s",
        "UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = %s",
        "UPDATE audit_log SET detail = detail || '{\"z\": 2}' WHERE id = %s",
        "UPDATE audit_log SET hash = sha256('x') WHERE id = %s",
        "UPDATE audit_log SET previous_hash = sha256('y') WHERE id = %s",
    ],
)
def test_a_changed_row_is_found(chain: Marketplace, admin_connection: Admin, tampering: str) -> None:
    victim = entries(admin_connection, chain.tenant_id)[-3][0]
    admin_connection.execute(tampering, [victim])
    assert verify_audit(chain.tenant_id) == victim


def test_a_missing_row_shows_at_the_next_one(chain: Marketplace, admin_connection: Admin) -> None:
    rows = entries(admin_connection, chain.tenant_id)
    admin_connection.execute("DELETE FROM audit_log WHERE id = %s", [rows[-3][0]])
    assert verify_audit(chain.tenant_id) == rows[-2][0]


def test_rows_that_changed_places_are_found(chain: Marketplace, admin_connection: Admin) -> None:
    rows = entries(admin_connection, chain.tenant_id)
    first, second = rows[-3][0], rows[-2][0]
    for old, new in ((first, 0), (second, first), (0, second)):
        admin_connection.execute("UPDATE audit_log SET id = %s WHERE id = %s", [new, old])
    assert verify_audit(chain.tenant_id) == first


def test_other_marketplaces_have_chains_of_their_own(
    chain: Marketplace, other_marketplace: Marketplace, admin_connection: Admin
) -> None:
    admin_connection.execute("UPDATE audit_log SET actor = 'x' WHERE tenant_id = %s", [chain.tenant_id])
    assert verify_audit(chain.tenant_id) is not None
    assert verify_audit(other_marketplace.tenant_id) is None


def test_writers_at_the_same_time_make_one_chain(marketplace: Marketplace, admin_connection: Admin) -> None:
    before = len(entries(admin_connection, marketplace.tenant_id))

    def write(number: int) -> None:
        actor = Actor(marketplace.tenant_id, "user", f"user:{number}")
        with tenant_session(marketplace.tenant_id) as session:
            record_audit(session, actor, "thing.changed", f"thing:{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(20)))
    rows = entries(admin_connection, marketplace.tenant_id)
    assert len(rows) == before + 20
    assert verify_audit(marketplace.tenant_id) is None


def change_and_fail(marketplace: Marketplace) -> None:
    """Record a change in a transaction that is rolled back."""
    with tenant_session(marketplace.tenant_id) as session:
        record_audit(session, marketplace.staff, "thing.changed", "thing:1")
        _ = 1 / 0


def test_an_entry_lives_and_dies_with_what_it_tells_of(marketplace: Marketplace, admin_connection: Admin) -> None:
    before = entries(admin_connection, marketplace.tenant_id)
    with pytest.raises(ZeroDivisionError):
        change_and_fail(marketplace)
    assert entries(admin_connection, marketplace.tenant_id) == before
