"""Stating and reading consent over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.valkey import client as valkey
from tests.marketplace import ORIGIN, Marketplace
from tests.process_state import use_environment
from tests.tracking.events import ALL, NONE, Page, ago
from tests.tracking.store import Store

PATH = "/api/tx/consent"


def put(page: Page, headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
    """State consent, with the write key unless told."""
    wanted = {"visitor_id": "v-1", "consent": dict(ALL), **body}
    given = {name: value for name, value in wanted.items() if value is not None}
    return page.client.put(PATH, json=given, headers=headers or page.marketplace.collect_headers())


def granted(answer: TestResponse) -> dict[str, bool]:
    """Purpose → granted, as the answer tells."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.get_json()
    return {purpose: entry["granted"] for purpose, entry in body["consent"].items()}


def test_a_visitor_states_and_reads_its_own_consent(page: Page, store: Store) -> None:
    said = ago(hours=2)
    answer = put(page, consent={**ALL, "marketing": False, "captured_at": said, "copy_hash": "h-1"}, region="EU")
    assert granted(answer) == {"analytics": True, "marketing": False, "data_processing": True}
    body = answer.get_json()
    assert (body["subject_type"], body["subject_id"]) == ("visitor", "v-1")
    assert datetime.fromisoformat(body["consent"]["marketing"]["since"]) == datetime.fromisoformat(said)
    read = page.client.get(f"{PATH}?visitor_id=v-1", headers=page.marketplace.collect_headers())
    assert read.get_json() == body
    assert read.headers["Cache-Control"] == "private, no-store"
    rows = store.rows("consent_ledger", "purpose")
    assert [(row["purpose"], row["granted"]) for row in rows] == [
        ("analytics", True),
        ("data_processing", True),
        ("marketing", False),
    ]
    assert {(row["source"], row["text_hash"], row["region"]) for row in rows} == {("consent_api", "h-1", "EU")}


def test_every_statement_is_a_row_and_sent_twice_it_is_one(page: Page, store: Store) -> None:
    said = [
        {**ALL, "captured_at": ago(minutes=3)},
        {**NONE, "captured_at": ago(minutes=2)},
        {**ALL, "captured_at": ago(minutes=1)},
    ]
    for consent in said:
        put(page, consent=consent)
        put(page, consent=consent)
    assert store.ledger("v-1") == [True, False, True]
    # An older one that comes late finds its place in history and changes nothing today.
    assert granted(put(page, consent={**NONE, "captured_at": ago(hours=1)})) == dict(ALL)
    assert store.ledger("v-1") == [False, True, False, True]


def test_a_backend_speaks_for_persons_and_visitors(page: Page, store: Store) -> None:
    backend = page.marketplace.bearer()
    assert granted(put(page, backend, visitor_id=None, person_id="c-7", consent=dict(NONE))) == NONE
    assert granted(put(page, backend)) == ALL
    read = page.client.get(f"{PATH}?person_id=c-7", headers=backend)
    assert granted(read) == NONE
    assert store.ledger("c-7") == [False]


@pytest.mark.parametrize(
    "body",
    [
        {"visitor_id": None},
        {"visitor_id": None, "person_id": "c-7"},
        {"person_id": "c-7"},
        {"visitor_id": ""},
        {"visitor_id": "v" * 65},
        {"visitor_id": 7},
        {"consent": None},
        {"consent": {"marketing": True}},
        {"consent": {"marketing": "perhaps", "analytics": True}},
        {"consent": {**ALL, "captured_at": "2026-11-20T10:00:00"}},
        {"region": "x" * 17},
    ],
)
def test_a_statement_that_says_nothing_usable_is_refused(page: Page, store: Store, body: dict[str, Any]) -> None:
    answer = put(page, **body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json"), answer.text
    assert answer.get_json()["errors"][0]["pointer"].startswith("/")
    assert store.rows("consent_ledger") == []


def test_whose_consent_must_be_told_when_reading(page: Page) -> None:
    for query in ("", "?visitor_id=", "?person_id=c-7", "?visitor_id=v-1&person_id=c-7"):
        answer = page.client.get(f"{PATH}{query}", headers=page.marketplace.collect_headers())
        assert answer.status_code == 422


def test_nobody_speaks_for_another_marketplaces_visitors(
    page: Page, other_marketplace: Marketplace, store: Store
) -> None:
    put(page)
    other = Page(page.client, other_marketplace)
    read = page.client.get(f"{PATH}?visitor_id=v-1", headers=other_marketplace.collect_headers())
    assert granted(read) == {}
    put(other, consent=dict(NONE))
    assert store.ledger("v-1") == [True]


def test_keys_and_origins_are_checked_and_pages_may_read_the_answer(client: FlaskClient, page: Page) -> None:
    keys = page.marketplace
    assert put(page, {"X-Adrail-Key": "nobody"}).status_code == 401
    assert put(page, keys.bearer(keys.organizer_keys["org-1"])).status_code == 403
    assert put(page, keys.collect_headers(Origin="https://evil.example")).status_code == 403
    for answer in (put(page), put(page, visitor_id=None)):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    preflight = client.options(PATH, headers={"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"})
    assert preflight.status_code == 204
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]


def test_a_clock_that_is_ahead_cannot_outrank_what_is_said_later(page: Page) -> None:
    put(page, consent={**ALL, "captured_at": ago(days=-1)})
    assert granted(put(page, consent=dict(NONE))) == NONE


def test_a_clock_that_is_behind_is_corrected_by_the_time_of_sending(page: Page) -> None:
    put(page, page.marketplace.bearer(), consent={**ALL, "captured_at": ago(minutes=10)})
    an_hour_behind = {**NONE, "captured_at": ago(hours=1, seconds=2)}
    assert granted(put(page, consent=an_hour_behind, sent_at=ago(hours=1))) == NONE


@pytest.mark.parametrize("captured_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_absurd_times_are_read_back_as_sensible_ones(page: Page, captured_at: str) -> None:
    answer = put(page, consent={**ALL, "captured_at": captured_at}, sent_at=ago(days=300))
    since = datetime.fromisoformat(answer.get_json()["consent"]["marketing"]["since"])
    assert datetime(2000, 1, 1, tzinfo=UTC) <= since <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_withdrawal_needs_no_valkey(page: Page, store: Store) -> None:
    with use_environment(REDIS_URL="redis://127.0.0.1:1/0"):
        assert granted(put(page, consent=dict(NONE))) == NONE
    assert store.ledger("v-1") == [False]


def test_without_database_a_statement_is_refused_not_lost(page: Page) -> None:
    put(page)
    with use_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):
        answer = put(page, consent=dict(NONE))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1


def test_statements_have_limits_too(page: Page) -> None:
    with use_environment(ADRAIL_RATE_PER_VISITOR="2"):
        valkey().delete(f"adrail:bucket:{page.marketplace.tenant_id}:visitor:v-1")
        assert [put(page).status_code for _ in range(3)] == [200, 200, 429]
