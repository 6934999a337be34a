"""Anchors: the owner of the database cannot shorten or rewrite the audit log without being found out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.accounts import audit_jobs
from core.accounts.api import (
    Anchor,
    anchor_page,
    check_audit,
    make_anchor,
    read_anchor,
    record_audit,
    verify_audit,
)
from core.db.session import tenant_session
from core.errors import InvalidInputError
from core.valkey import client as valkey
from tests.marketplace import Marketplace
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]


def write(marketplace: Marketplace, count: int = 1) -> None:
    for number in range(count):
        with tenant_session(marketplace.tenant_id) as session:
            record_audit(session, marketplace.staff, "thing.changed", f"thing:{number}", {"number": number})


def anchored(marketplace: Marketplace) -> Anchor:
    anchor = make_anchor(marketplace.tenant_id)
    assert anchor is not None
    return anchor


def ids(admin: Admin, marketplace: Marketplace) -> list[int]:
    query = "SELECT id FROM audit_log WHERE tenant_id = %s ORDER BY id"
    return [number for (number,) in admin.execute(query, [marketplace.tenant_id]).fetchall()]


def cut(admin: Admin, marketplace: Marketplace, entries: int) -> None:
    """Remove the last entries."""
    gone = ids(admin, marketplace)[-entries:]
    admin.execute("DELETE FROM audit_log WHERE id = ANY(%s)", [gone])


def forget_published(marketplace: Marketplace) -> None:
    valkey().hdel("adrail:audit:anchors", str(marketplace.tenant_id))


def rewrite(admin: Admin, marketplace: Marketplace, victim: int, claim: str = "thing:none") -> None:
    """Change an entry and make every hash after it anew, as somebody does who read how it works."""
    admin.execute("UPDATE audit_log SET subject = %s WHERE id = %s", [claim, victim])
    before = b""
    query = "SELECT id, at, actor, action, subject, detail FROM audit_log WHERE tenant_id = %s ORDER BY id"
    for number, at, actor, action, subject, detail in admin.execute(query, [marketplace.tenant_id]).fetchall():
        body = [marketplace.tenant_id, at.astimezone(UTC).isoformat(), actor, action, subject, detail]
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(before + text.encode()).digest()
        admin.execute("UPDATE audit_log SET previous_hash = %s, hash = %s WHERE id = %s", [before, digest, number])
        before = digest


def test_an_anchor_says_how_the_log_ended(marketplace: Marketplace, admin_connection: Admin) -> None:
    write(marketplace, 3)
    first = anchored(marketplace)
    everything = ids(admin_connection, marketplace)
    assert (first.number, first.entry_id, first.entries) == (1, everything[-1], len(everything))
    assert make_anchor(marketplace.tenant_id) is None
    write(marketplace)
    second = anchored(marketplace)
    assert (second.number, second.entries) == (2, first.entries + 1)
    assert anchor_page(marketplace.tenant_id).items == [second, first]
    assert read_anchor(json.loads(json.dumps(second.as_dict()))) == second
    result = check_audit(marketplace.tenant_id, kept=[first, second])
    assert (result.entries, result.anchors, result.found) == (second.entries, 2, None)


def test_a_log_that_ends_too_early_is_found(marketplace: Marketplace, admin_connection: Admin) -> None:
    write(marketplace, 4)
    last = anchored(marketplace).entry_id
    cut(admin_connection, marketplace, 2)
    assert verify_audit(marketplace.tenant_id) == last
    found = check_audit(marketplace.tenant_id).found
    assert found is not None
    assert found.fault == "missing_at_end"
    assert f"entry {last}" in str(found)


def test_an_empty_log_is_found(marketplace: Marketplace, admin_connection: Admin) -> None:
    last = anchored(marketplace).entry_id
    cut(admin_connection, marketplace, 10_000)
    assert verify_audit(marketplace.tenant_id) == last


def test_so_it_is_when_the_anchors_were_removed_as_well(marketplace: Marketplace, admin_connection: Admin) -> None:
    write(marketplace, 4)
    kept = anchored(marketplace)
    cut(admin_connection, marketplace, 2)
    admin_connection.execute("DELETE FROM audit_anchors WHERE tenant_id = %s", [marketplace.tenant_id])
    assert verify_audit(marketplace.tenant_id) == kept.entry_id, "Valkey knows"
    forget_published(marketplace)
    assert verify_audit(marketplace.tenant_id) is None, "now nobody here knows"
    assert check_audit(marketplace.tenant_id, kept=[kept]).found is not None, "who kept an anchor does"


def test_while_valkey_is_away_the_rest_is_checked(marketplace: Marketplace, admin_connection: Admin) -> None:
    write(marketplace, 2)
    with use_environment(REDIS_URL="redis://127.0.0.1:1/0"):
        last = anchored(marketplace).entry_id
        assert verify_audit(marketplace.tenant_id) is None
        cut(admin_connection, marketplace, 1)
        assert verify_audit(marketplace.tenant_id) == last


def test_a_log_written_anew_is_found(marketplace: Marketplace, admin_connection: Admin) -> None:
    write(marketplace, 4)
    last = anchored(marketplace).entry_id
    rewrite(admin_connection, marketplace, ids(admin_connection, marketplace)[-3])
    found = check_audit(marketplace.tenant_id).found
    assert found is not None
    assert (found.fault, found.entry_id) == ("rewritten", last)


def test_what_was_written_after_the_last_anchor_is_only_as_safe_as_its_hashes(
    marketplace: Marketplace, admin_connection: Admin
) -> None:
    anchored(marketplace)
    write(marketplace, 3)
    rewrite(admin_connection, marketplace, ids(admin_connection, marketplace)[-2])
    assert verify_audit(marketplace.tenant_id) is None
    anchored(marketplace)
    rewrite(admin_connection, marketplace, ids(admin_connection, marketplace)[-2], "thing:other")
    assert verify_audit(marketplace.tenant_id) is not None


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE audit_anchors SET hash = sha256('x') WHERE tenant_id = %s AND number = 1", "forged_anchor"),
        ("UPDATE audit_anchors SET entries = entries - 1 WHERE tenant_id = %s AND number = 2", "forged_anchor"),
        ("UPDATE audit_anchors SET at = at - interval '1 day' WHERE tenant_id = %s AND number = 2", "forged_anchor"),
        ("UPDATE audit_anchors SET seal = sha256('x') WHERE tenant_id = %s AND number = 2", "forged_anchor"),
        ("DELETE FROM audit_anchors WHERE tenant_id = %s AND number = 1", "missing_anchor"),
    ],
    ids=range(5),
)
def test_anchors_can_neither_be_changed_nor_taken_out(
    marketplace: Marketplace, admin_connection: Admin, tampering: str, fault: str
) -> None:
    anchored(marketplace)
    write(marketplace)
    anchored(marketplace)
    admin_connection.execute(tampering.encode(), [marketplace.tenant_id])
    found = check_audit(marketplace.tenant_id).found
    assert found is not None
    assert found.fault == fault


def test_an_anchor_of_another_marketplace_proves_nothing(
    marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    foreign = dataclasses.replace(anchored(other_marketplace), tenant_id=marketplace.tenant_id)
    found = check_audit(marketplace.tenant_id, kept=[foreign]).found
    assert found is not None
    assert found.fault == "forged_anchor"


@pytest.mark.parametrize("text", ["{}", "[]", '{"tenant_id": "x"}', "null", "7"])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="no anchor"):
        read_anchor(json.loads(text))


def test_the_application_cannot_change_what_is_written(marketplace: Marketplace) -> None:
    anchored(marketplace)
    for table in ("audit_log", "audit_anchors"):
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET hash = ''", f"TRUNCATE {table}"):
            with pytest.raises(ProgrammingError, match="permission denied"), tenant_session(marketplace.tenant_id) as s:
                s.execute(text(change))


def test_the_jobs_anchor_and_check_every_marketplace(
    marketplace: Marketplace, other_marketplace: Marketplace, admin_connection: Admin
) -> None:
    with structlog.testing.capture_logs() as logs:
        assert audit_jobs.anchor() >= 2
        assert audit_jobs.anchor() == 0
    told = {entry["tenant_id"]: entry for entry in logs if entry["event"] == "audit log anchored"}
    kept = read_anchor(told[marketplace.tenant_id])
    cut(admin_connection, marketplace, 1)
    with structlog.testing.capture_logs() as logs:
        broken = audit_jobs.check()
    assert marketplace.slug in broken
    assert other_marketplace.slug not in broken
    (error,) = (entry for entry in logs if entry.get("tenant") == marketplace.slug)
    assert (error["log_level"], error["entry"]) == ("error", kept.entry_id)
