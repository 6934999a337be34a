"""Reading the audit log: filters, pages, exports and who may."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.accounts.api import (
    Actor,
    AuditFilter,
    KeyWish,
    audit_choices,
    issue_key,
    list_audit,
    make_anchor,
    record_audit,
    stream_audit,
)
from core.db.session import tenant_session
from core.errors import ForbiddenError
from tests.marketplace import Marketplace

AUDIT = "/api/v1/audit"


def write(marketplace: Marketplace, actor: str, action: str, subject: str, **detail: Any) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        record_audit(session, Actor(marketplace.tenant_id, "user", actor), action, subject, detail)


@pytest.fixture
def busy(marketplace: Marketplace) -> Marketplace:
    """A marketplace where two people did things."""
    for number in range(4):
        write(marketplace, "user:900001", "thing.changed", f"thing:{number}", number=number)
    write(marketplace, "user:900002", "thing.deleted", "thing:2")
    return marketplace


@pytest.fixture
def auditor(busy: Marketplace) -> dict[str, str]:
    """Headers of a key that may read the log."""
    return busy.bearer(issue_key(busy.staff, KeyWish("server", "auditor", scopes=["view_audit"])).key)


@pytest.mark.parametrize(
    ("chosen", "subjects"),
    [
        (AuditFilter(actor="user:900001"), ["thing:3", "thing:2", "thing:1", "thing:0"]),
        (AuditFilter(action="thing.deleted"), ["thing:2"]),
        (AuditFilter(subject="thing:2"), ["thing:2", "thing:2"]),
        (AuditFilter(actor="user:900001", subject="thing:2"), ["thing:2"]),
        (AuditFilter(actor="user:9"), []),
        (AuditFilter(actor="a\0b"), []),
        (AuditFilter(action="thing.deleted", since=datetime.now(UTC) + timedelta(days=1)), []),
        (AuditFilter(action="thing.deleted", until=datetime(2020, 1, 1, tzinfo=UTC)), []),
    ],
    ids=range(8),
)
def test_the_log_is_filtered(busy: Marketplace, chosen: AuditFilter, subjects: list[str]) -> None:
    assert [line.subject for line in list_audit(busy.staff, chosen).items] == subjects
    assert [line.subject for line in stream_audit(busy.staff, chosen)] == subjects


def test_the_end_of_a_span_is_not_part_of_it(busy: Marketplace) -> None:
    (line,) = list_audit(busy.staff, AuditFilter(action="thing.deleted")).items
    assert list_audit(busy.staff, AuditFilter(action="thing.deleted", since=line.at)).items == [line]
    assert list_audit(busy.staff, AuditFilter(action="thing.deleted", until=line.at)).items == []


def test_names_are_those_of_today(marketplace: Marketplace) -> None:
    number = marketplace.create_user(f"a@{marketplace.slug}.example", "a long enough password", role="admin")
    write(marketplace, f"user:{number}", "site.changed", "site:999999")
    line = list_audit(marketplace.staff).items[0]
    assert (line.actor_name, line.subject_name) == ("Test Person", None)
    choices = audit_choices(marketplace.staff)
    assert (f"user:{number}", "Test Person") in choices.actors
    assert {"key.created", "site.changed", "tenant.created"} <= set(choices.actions)


def test_pages_join_without_gap_while_others_write(busy: Marketplace) -> None:
    everything = [line.id for line in stream_audit(busy.staff)]
    seen: list[int] = []
    cursor = None
    for _ in itertools.count():
        page = list_audit(busy.staff, limit=2, cursor=cursor)
        seen += [line.id for line in page.items]
        write(busy, "user:900001", "thing.changed", "thing:9")
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == everything


def test_only_administrators_and_keys_that_may_look(busy: Marketplace, client: FlaskClient) -> None:
    for actor in (
        busy.organizer("org-1"),
        Actor(busy.tenant_id, "user", "user:1", permissions=frozenset({"view_audit"})),
        Actor(busy.tenant_id, "key", "key:1", permissions=frozenset({"admin"})),
    ):
        for read in (list_audit, stream_audit, audit_choices):
            with pytest.raises(ForbiddenError):
                read(actor)
    for path in ("", "/export", "/anchors"):
        answer = client.get(AUDIT + path, headers=busy.bearer())
        assert (answer.status_code, answer.get_json()["code"]) == (403, "permission_missing")


def test_the_endpoint_answers_in_pages(busy: Marketplace, client: FlaskClient, auditor: dict[str, str]) -> None:
    query: dict[str, Any] = {"actor": "user:900001", "limit": 3}
    first = client.get(AUDIT, query_string=query, headers=auditor).get_json()
    second = client.get(AUDIT, query_string={**query, "cursor": first["next_cursor"]}, headers=auditor).get_json()
    items = first["items"] + second["items"]
    assert [item["detail"] for item in items] == [{"number": number} for number in (3, 2, 1, 0)]
    assert second["next_cursor"] is None
    assert all(len(item["hash"]) == 64 for item in items)
    wrong = client.get(AUDIT, query_string={"since": "yesterday", "cursor": "x"}, headers=auditor)
    assert [item["pointer"] for item in wrong.get_json()["errors"]] == ["/since"]


def test_the_log_is_exported_as_ndjson_and_csv(busy: Marketplace, client: FlaskClient, auditor: dict[str, str]) -> None:
    write(busy, "user:900001", "thing.changed", "=cmd|calc", text='"quoted", and\nmore')
    query = {"actor": "user:900001"}
    answer = client.get(f"{AUDIT}/export", query_string=query, headers=auditor)
    assert answer.content_type == "application/x-ndjson; charset=utf-8"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["subject"] for line in lines] == ["=cmd|calc", "thing:3", "thing:2", "thing:1", "thing:0"]

    answer = client.get(f"{AUDIT}/export", query_string={**query, "format": "csv"}, headers=auditor)
    assert "audit-log.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["subject"] for row in rows] == ["'=cmd|calc", "thing:3", "thing:2", "thing:1", "thing:0"]
    assert json.loads(rows[0]["detail"]) == {"text": '"quoted", and\nmore'}
    assert [row["hash"] for row in rows] == [line["hash"] for line in lines]
    assert client.get(f"{AUDIT}/export?format=xml", headers=auditor).status_code == 422


def test_an_export_is_longer_than_one_page_of_the_database(busy: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = [line.id for line in stream_audit(busy.staff)]
    monkeypatch.setattr("core.accounts.audit_reading.STREAM_PAGE", 2)
    assert [line.id for line in stream_audit(busy.staff)] == everything


def test_anchors_are_told(busy: Marketplace, client: FlaskClient, auditor: dict[str, str]) -> None:
    anchor = make_anchor(busy.tenant_id)
    assert anchor is not None
    body = client.get(f"{AUDIT}/anchors", headers=auditor).get_json()
    assert body == {"items": [anchor.as_dict()], "next_cursor": None}


def test_other_marketplaces_see_nothing_of_it(busy: Marketplace, other_marketplace: Marketplace) -> None:
    foreign = {line.id for line in stream_audit(busy.staff)}
    assert not foreign & {line.id for line in stream_audit(other_marketplace.staff)}
    assert list_audit(other_marketplace.staff, AuditFilter(actor="user:900001")).items == []
