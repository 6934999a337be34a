"""Limits per visitor, address and server key; and answers while the stream cannot take anything."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from core.config import settings
from core.events.stream import shards
from core.valkey import client as valkey
from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.tracking.events import Page, completed, event, summary
from tests.tracking.store import Store

CLOSED = "redis://127.0.0.1:1/0"


def refused(page: Page, status: int, *events: object, **headers: str) -> int:
    """Send and be refused; returns the seconds to wait."""
    answer = page.post({"events": list(events)}, **headers)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), answer.text
    assert "Access-Control-Allow-Origin" in answer.headers
    return int(answer.headers["Retry-After"])


def test_a_visitor_has_a_limit_of_its_own(page: Page) -> None:
    with use_environment(ADRAIL_RATE_PER_VISITOR="3"):
        hasty = [event(visitor_id="v-hasty") for _ in range(5)]
        for item in hasty[:3]:
            assert summary(page.send(item)) == (1, 0, 0, 0)
        assert 1 <= refused(page, 429, hasty[3]) <= 20
        assert 1 <= refused(page, 429, hasty[4], event()) <= 20
        assert summary(page.send(event(visitor_id="v-patient"))) == (1, 0, 0, 0)
    _forget_who_sent()
    # Refused means not taken.
    assert summary(page.send(*hasty[3:])) == (2, 0, 0, 0)


def test_an_address_has_a_limit_and_a_refused_request_costs_nothing(page: Page) -> None:
    with use_environment(ADRAIL_RATE_PER_ADDRESS="4", ADRAIL_RATE_PER_VISITOR="2"):
        for _ in range(2):
            page.send(event(visitor_id="v-hasty"))
        for _ in range(5):
            refused(page, 429, event(visitor_id="v-hasty"))
        page.send(event())
        page.send(event())
        refused(page, 429, event())


def test_server_keys_have_limits_of_their_own(page: Page) -> None:
    with use_environment(ADRAIL_RATE_PER_SERVER_KEY="2", ADRAIL_RATE_PER_VISITOR="1"):
        for number in range(2):
            assert summary(page.report(completed(f"A-{number}"))) == (1, 0, 0, 0)
        answer = page.client.post("/api/tx/events", json=completed("A-9"), headers=page.marketplace.bearer())
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        page.send(event())


def test_a_hall_on_one_address_is_not_one_visitor(page: Page) -> None:
    with use_environment(ADRAIL_RATE_PER_VISITOR="1"):
        assert summary(page.send(*(event() for _ in range(100)))) == (100, 0, 0, 0)


def test_without_valkey_nothing_is_taken_and_the_sender_is_asked_to_wait(page: Page, store: Store) -> None:
    lost = [event(), event()]
    page.send(event())
    with use_environment(REDIS_URL=CLOSED):
        assert refused(page, 503, *lost) >= 1
        beacon = page.post({"events": lost}, f"/api/tx/collect?key={page.marketplace.write_key}")
        assert (beacon.status_code, beacon.get_json()["code"]) == (503, "unavailable")
    assert summary(page.send(*lost)) == (2, 0, 0, 0)
    ingest()
    assert len(store.event_ids()) == 3


def test_a_full_stream_takes_nothing_by_halves(page: Page, store: Store) -> None:
    full = 100
    with use_environment(ADRAIL_STREAM_MAX_ENTRIES=str(full)):
        (stream,) = shards()
        filling = [valkey().xadd(stream, {"x": "y"}) for _ in range(full)]
        late = [event(), {}, event()]
        assert refused(page, 503, *late) >= 1
        assert valkey().xlen(stream) == full
        valkey().xdel(stream, *filling)
        assert summary(page.send(*late)) == (2, 0, 0, 1)
    ingest()
    assert len(store.event_ids()) == 2
    assert len(store.rows("tx_rejected_events")) == 1


def test_waiting_entries_have_a_bound_in_bytes_too(page: Page, store: Store) -> None:
    with use_environment(ADRAIL_STREAM_MAX_MEGABYTES="1"):
        (stream,) = shards()
        filling = [valkey().xadd(stream, {"x": b"y" * 50_000}) for _ in range(40)]
        late = [event(), event()]
        assert refused(page, 503, *late) >= 1
        assert valkey().xlen(stream) == len(filling)
        valkey().xdel(stream, *filling)
        assert summary(page.send(*late)) == (2, 0, 0, 0)
    ingest()
    assert len(store.event_ids()) == 2


def test_valkey_without_memory_left_takes_nothing_by_halves(page: Page) -> None:
    sent = event()
    server = redis.Redis.from_url(settings().redis_url.get_secret_value())
    before: Any = server.config_get("maxmemory")["maxmemory"]
    server.config_set("maxmemory", "1")
    try:
        assert refused(page, 503, sent) >= 1
    finally:
        server.config_set("maxmemory", before)
        server.close()
    assert summary(page.send(sent)) == (1, 0, 0, 0)


def test_while_the_database_is_away_known_keys_still_send(page: Page, store: Store) -> None:
    page.send(event())
    with use_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):  # a process that never met the key
        assert summary(page.send(event())) == (1, 0, 0, 0)
        stranger = page.client.post(
            "/api/tx/events/batch", json={"events": []}, headers={"X-Adrail-Key": "ak_write_nobody_has_met"}
        )
        assert (stranger.status_code, stranger.get_json()["code"]) == (503, "unavailable")
    page.send(event())
    ingest()
    assert len(store.event_ids()) == 3


def test_what_an_older_version_counted_is_left_alone(page: Page) -> None:
    subject = f"{page.marketplace.tenant_id}:visitor:v-1"
    old = f"adrail:rate:{subject}"
    valkey().hset(old, mapping={"level": "3", "at": "1"})
    try:
        assert summary(page.send(event(visitor_id="v-1"))) == (1, 0, 0, 0)
        assert valkey().exists(f"adrail:bucket:{subject}")
    finally:
        valkey().delete(old)


@pytest.fixture(autouse=True)
def _empty_buckets(database: str) -> None:
    _forget_who_sent()


def _forget_who_sent() -> None:
    for key in valkey().scan_iter("adrail:bucket:*"):
        valkey().delete(key)
