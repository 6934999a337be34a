"""What the collector answers: always 202 with four counts once key, origin, size and JSON are fine."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.marketplace import Marketplace
from tests.pipeline import ingest
from tests.tracking.events import NONE, Page, ago, completed, consent, event, problems, summary
from tests.tracking.store import Store


def test_one_bad_event_is_told_and_sinks_nobody(page: Page, store: Store) -> None:
    good = [event(), event("event_view", entities={"event_entity_id": "ev-1"})]
    bad = event("event_card_click", entities={}, payload={"position": -2, "list": 7})
    body = page.send(good[0], bad, good[1])
    assert summary(body) == (2, 0, 0, 1)
    (error,) = body["errors"]
    assert (error["index"], error["event_id"], error["code"]) == (1, bad["event_id"], "schema")
    assert {(item["pointer"], item["rule"], item["found"]) for item in error["errors"]} == {
        ("/entities/event_entity_id", "required", "null"),
        ("/payload/position", "minimum", "-2"),
        ("/payload/list", "type", "7"),
    }
    assert all(item["message"] for item in error["errors"])
    ingest()
    assert sorted(store.event_ids()) == sorted(item["event_id"] for item in good)


def test_one_event_alone_gets_the_same_answer(page: Page) -> None:
    answer = page.post(event(), "/api/tx/events")
    assert answer.status_code == 202
    counts = {"accepted": 1, "duplicates": 0, "blocked_by_consent": 0, "rejected": 0, "errors": []}
    assert answer.get_json() == counts
    refused = page.post(event(event_id="17"), "/api/tx/events")
    assert refused.status_code == 202
    assert refused.get_json()["errors"][0]["event_id"] == "17"


def test_an_empty_batch_is_a_batch(page: Page) -> None:
    assert summary(page.send()) == (0, 0, 0, 0)


def test_what_is_no_event_is_rejected(page: Page) -> None:
    body = page.send(None, 7, "text", [], [[]], {}, event())
    assert summary(body) == (1, 0, 0, 6)
    assert [error["event_id"] for error in body["errors"]] == [None] * 6
    assert problems(body, 0) == [("", "type")]
    assert problems(body, 5) == [("/event_name", "registry")]


def test_a_repeated_id_is_a_duplicate_in_the_request_and_later(page: Page, store: Store) -> None:
    first = event()
    assert summary(page.send(first, event(), first)) == (2, 1, 0, 0)
    assert summary(page.send(first, event())) == (1, 1, 0, 0)
    shouting = {**first, "event_id": first["event_id"].upper()}
    assert summary(page.send(shouting)) == (0, 1, 0, 0)
    ingest()
    assert summary(page.send(first)) == (0, 1, 0, 0)
    ingest()
    assert len(store.event_ids()) == 3


def test_a_rejected_event_may_come_again_repaired(page: Page) -> None:
    broken = event(occurred_at="yesterday")
    assert summary(page.send(broken)) == (0, 0, 0, 1)
    assert summary(page.send({**broken, "occurred_at": ago(seconds=5)})) == (1, 0, 0, 0)


def test_without_consent_an_event_is_dropped_and_counted(page: Page, store: Store) -> None:
    blocked = [
        event(consent_snapshot=None),
        event(consent_snapshot={}),
        event(consent_snapshot=consent(analytics=False)),
        event(consent_snapshot={"marketing": True}),
    ]
    necessary = event("consent_updated", consent_snapshot=consent(**NONE), payload={"method": "reject_all"})
    body = page.send(*blocked, event(), necessary)
    assert summary(body) == (2, 0, 4, 0)
    ingest()
    assert {row["event_name"] for row in store.events()} == {"page_view", "consent_updated"}
    # It left no trace: sent again with consent it is new.
    assert summary(page.send({**blocked[0], "consent_snapshot": consent()})) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "code", "pointer", "rule"),
    [
        ({"event_name": "no_such_event"}, "unknown_event", "/event_name", "registry"),
        ({"event_name": ["page_view"]}, "unknown_event", "/event_name", "registry"),
        ({"event_version": 99}, "unknown_version", "/event_version", "registry"),
        ({"event_version": "1"}, "unknown_version", "/event_version", "registry"),
        ({"event_version": True}, "schema", "/event_version", "const"),
        ({"event_id": "not-a-uuid"}, "schema", "/event_id", "format"),
        ({"event_id": None}, "schema", "/event_id", "required"),
        ({"visitor_id": None}, "schema", "/visitor_id", "required"),
        ({"visitor_id": "v" * 65}, "schema", "/visitor_id", "maxLength"),
        ({"source_system": "payments"}, "schema", "/source_system", "enum"),
        ({"source_system": "scanner"}, "wrong_source", "/source_system", "owner"),
        ({"occurred_at": "2026-11-20T10:00:00"}, "schema", "/occurred_at", "format"),
        ({"occurred_at": "2016-12-31T23:59:60Z"}, "schema", "/occurred_at", "format"),
        ({"occurred_at": "0000-12-31T23:59:59Z"}, "schema", "/occurred_at", "format"),
        ({"occurred_at": "9999-12-31T23:59:59-23:59"}, "schema", "/occurred_at", "format"),
        ({"consent_snapshot": {"analytics": "yes"}}, "schema", "/consent_snapshot/analytics", "type"),
        (
            {"consent_snapshot": {"analytics": True, "captured_at": "2016-12-31T23:59:60Z"}},
            "schema",
            "/consent_snapshot/captured_at",
            "format",
        ),
        ({"sequence_no": -1}, "schema", "/sequence_no", "minimum"),
        ({"idempotency_key": "k" * 256}, "schema", "/idempotency_key", "maxLength"),
        ({"context": {"page": {"url": "u" * 4097}}}, "schema", "/context/page/url", "maxLength"),
        ({"site_id": "another"}, "wrong_site", "/site_id", "owner"),
        ({"tenant_id": 0}, "wrong_tenant", "/tenant_id", "owner"),
    ],
)
def test_every_refusal_names_field_and_rule(
    page: Page, changes: dict[str, Any], code: str, pointer: str, rule: str
) -> None:
    body = page.send(event(**changes), event())
    assert summary(body) == (1, 0, 0, 1)
    assert body["errors"][0]["code"] == code
    assert problems(body, 0) == [(pointer, rule)]


def test_site_and_tenant_may_be_named_when_they_are_the_keys(page: Page, marketplace: Marketplace) -> None:
    named = event(site_id=marketplace.site_id, tenant_id=marketplace.tenant_id)
    assert summary(page.send(named, event(tenant_id=str(marketplace.tenant_id)))) == (2, 0, 0, 0)


def test_a_public_key_may_not_tell_of_orders_or_payments(page: Page, store: Store) -> None:
    payment = completed("A-1", event_name="payment_succeeded", payload={"amount": "1.00", "currency": "RON"})
    body = page.send(completed("A-1"), payment)
    assert summary(body) == (0, 0, 0, 2)
    assert {error["code"] for error in body["errors"]} == {"untrusted"}
    assert problems(body, 0) == [("/event_name", "trust")]
    assert summary(page.report(completed("A-1"), payment)) == (2, 0, 0, 0)
    ingest()
    assert {(row["event_name"], row["trusted"]) for row in store.events()} == {
        ("order_completed", True),
        ("payment_succeeded", True),
    }


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (timedelta(days=29, hours=23), None),
        (timedelta(days=30, minutes=1), "too_old"),
        (-timedelta(minutes=4), None),
        (-timedelta(minutes=6), "too_new"),
    ],
)
def test_age_has_limits(page: Page, age: timedelta, code: str | None) -> None:
    body = page.send(event(occurred_at=(datetime.now(UTC) - age).isoformat()))
    assert [error["code"] for error in body["errors"]] == ([code] if code else [])
    assert body["accepted"] == (0 if code else 1)


def test_the_senders_clock_is_corrected_by_its_own_time_stamp(page: Page, store: Store) -> None:
    ahead, wrong = timedelta(hours=7), datetime.now(UTC) + timedelta(hours=7)
    clicked = event(occurred_at=(wrong - timedelta(seconds=20)).isoformat())
    assert summary(page.send(clicked)) == (0, 0, 0, 1)
    assert summary(page.send(clicked, sent_at=wrong.isoformat())) == (1, 0, 0, 0)
    ingest()
    (row,) = store.events()
    assert timedelta(seconds=15) < datetime.now(UTC) - row["occurred_at"] < timedelta(seconds=60)
    assert abs(row["claimed_at"] - row["occurred_at"] - ahead) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "sent_at", ["tomorrow", "2026-11-20T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59Z"]
)
def test_a_useless_time_stamp_corrects_nothing(page: Page, sent_at: str) -> None:
    assert summary(page.send(event(), sent_at=sent_at)) == (1, 0, 0, 0)


def test_letters_of_a_time_may_be_small(page: Page, store: Store) -> None:
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    small = f"{now.isoformat().lower()}z"
    assert summary(page.send(event(occurred_at=small, consent_snapshot=consent(captured_at=small)))) == (1, 0, 0, 0)
    ingest()
    (row,) = store.events()
    assert row["occurred_at"] == now.replace(tzinfo=UTC)
    assert datetime.fromisoformat(row["consent"]["captured_at"]) == now.replace(tzinfo=UTC)


def test_a_person_counts_only_from_the_backend(page: Page, store: Store) -> None:
    public, backend = event("person_identified", person_id="c-7"), event("person_identified", person_id="c-7")
    page.send(public)
    page.report(backend)
    ingest()
    named = {str(row["event_id"]): row["person_external_id"] for row in store.events()}
    assert named == {public["event_id"]: None, backend["event_id"]: "c-7"}


def test_refused_events_are_kept_without_anything_personal_in_clear(page: Page, store: Store) -> None:
    canary = "ana.canary@example.com"
    page.send(
        event(visitor_id=canary * 9, context={"page": {"url": canary * 900}}),
        event(event_name=canary),
        event(context={"utm": {canary: 7}}),
        event(context={"utm": {"x\0y": "z"}}),
    )
    ingest()
    rows = store.rows("tx_rejected_events")
    assert [row["event_name"] for row in rows] == ["page_view", None, "page_view", "page_view"]
    assert {row["code"] for row in rows} == {"schema", "unknown_event"}
    assert "canary" not in str([{**row, "sealed_event": None} for row in rows])
    assert {"pointer": "/context/utm/…", "rule": "type"}.items() <= rows[2]["problems"][0].items()


def test_another_marketplaces_key_sees_and_doubles_nothing(
    client: FlaskClient, page: Page, other_marketplace: Marketplace, store: Store
) -> None:
    other, shared = Page(client, other_marketplace), event()
    assert summary(page.send(shared)) == (1, 0, 0, 0)
    assert summary(other.send(shared)) == (1, 0, 0, 0)
    ingest()
    assert store.event_ids() == [shared["event_id"]]


def test_ids_of_trusted_and_public_events_do_not_meet(page: Page, store: Store) -> None:
    name = str(uuid.uuid4())
    assert summary(page.send(event(event_id=name))) == (1, 0, 0, 0)
    assert summary(page.report(event(event_id=name))) == (1, 0, 0, 0)
    ingest()
    assert [(str(row["event_id"]), row["trusted"]) for row in store.rows("tx_events", "trusted")] == [
        (name, False),
        (name, True),
    ]
