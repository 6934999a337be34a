"""Accepted means stored once: whatever comes twice, whoever reads, whenever it crashes."""

from __future__ import annotations

import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.marketplace import Marketplace
from tests.pipeline import ingest, run_pipeline, work
from tests.rounds import rounds
from tests.tracking.events import Page, consent, event
from tests.tracking.ingest.stream import entry, put, take_and_die, waiting
from tests.tracking.store import Store
from tracking.ingest.reader import Reader
from tracking.ingest.service import ingest as store_entries


def test_an_event_in_two_entries_is_stored_once(marketplace: Marketplace, store: Store) -> None:
    twice, once = event(), event()
    put(marketplace, twice)
    put(marketplace, once, twice, twice)
    ingest()
    put(marketplace, twice)
    ingest()
    assert sorted(store.event_ids()) == sorted([twice["event_id"], once["event_id"]])
    assert store.session(twice["session_id"])["events"] == 1


def test_a_redelivery_after_the_commit_changes_nothing(page: Page, store: Store) -> None:
    page.marketplace.add_code("meta", "shop", "100000000000010")
    seen = [
        event("event_view", entities={"event_entity_id": "ev-1"}, visitor_id="v-1", session_id="s-1") for _ in range(3)
    ]
    ingest()
    page.send(*seen)
    result = store_entries(take_and_die())
    assert (result.received, result.stored) == (3, 3)
    before = {
        table: store.rows(table) for table in ("tx_events", "tx_sessions", "consent_ledger", "conversion_deliveries")
    }
    assert Reader(threading.Event(), claim_idle_ms=0).step(block_ms=1) == 1
    assert {table: store.rows(table) for table in before} == before
    assert store.session("s-1")["events"] == 3
    assert len(before["conversion_deliveries"]) == 3
    assert waiting() == 0


def test_a_reader_that_died_before_waking_anybody_delays_nothing(page: Page, store: Store) -> None:
    page.marketplace.add_code("meta", "shop", "100000000000011")
    ingest()
    page.send(event("event_view", entities={"event_entity_id": "ev-1"}))
    result = store_entries(take_and_die())
    assert result.wake.keys() == {page.marketplace.tenant_id}
    # Its successor finds the entry stored, and the work that nobody was told of.
    assert Reader(threading.Event(), claim_idle_ms=0).step(block_ms=1) == 1
    work()
    assert {row["state"] for row in store.rows("conversion_deliveries")} == {"accepted"}


def test_what_a_reader_took_and_did_not_store_is_stored_by_another(page: Page, store: Store) -> None:
    ingest()
    page.send(event(), event())
    page.send(event())
    assert sum(len(item.events) for item in take_and_die()) == 3
    assert Reader(threading.Event(), claim_idle_ms=60_000).step(block_ms=1) == 0
    assert Reader(threading.Event(), claim_idle_ms=0).step(block_ms=1) == 2
    assert len(store.event_ids()) == 3
    assert waiting() == 0


def test_many_readers_store_overlapping_entries_once(marketplace: Marketplace, store: Store) -> None:
    luck = random.Random(7)
    for _ in range(rounds(1, 30)):
        token = uuid.uuid4().hex[:8]
        events = [event(visitor_id=f"v-{token}-{n % 5}", session_id=f"s-{token}-{n % 5}") for n in range(60)]
        for _ in range(30):
            put(marketplace, *luck.sample(events, 12))
        covered = {item["event_id"] for item in events} & _on_stream_after_reading(readers=3)
        stored = [name for name in store.event_ids() if name in covered]
        assert len(stored) == len(covered)
        assert sum(store.session(f"s-{token}-{n}")["events"] for n in range(5)) == len(covered)
        assert waiting() == 0


def _on_stream_after_reading(readers: int) -> set[str]:
    """Empty the stream with several readers at once; returns the ids that were on it."""
    ingest_group = take_and_die()
    covered = {item["event_id"] for made in ingest_group for item in made.events}

    def read(_: int) -> None:
        reader = Reader(threading.Event(), claim_idle_ms=0)
        while waiting():
            reader.step(block_ms=1)

    with ThreadPoolExecutor(readers) as pool:
        list(pool.map(read, range(readers)))
    return covered


def test_writers_of_the_same_events_at_the_same_moment_agree(marketplace: Marketplace, store: Store) -> None:
    for number in range(rounds(3, 100)):
        shared = [
            event(visitor_id="v-1", session_id=f"s-{number}", idempotency_key=f"k-{number}-{n}") for n in range(20)
        ]
        start = threading.Barrier(4)

        def write(seed: int, shared: list[dict[str, Any]] = shared, start: threading.Barrier = start) -> int:
            events = random.Random(seed).sample(shared, len(shared))
            start.wait()
            return store_entries([entry(marketplace, *events)]).stored

        with ThreadPoolExecutor(4) as pool:
            stored = list(pool.map(write, range(4)))
        assert sum(stored) == 20
        assert store.session(f"s-{number}")["events"] == 20


def test_an_idempotency_key_is_used_once_per_kind_of_sender(page: Page, store: Store) -> None:
    first, second = (event(idempotency_key="k-1") for _ in range(2))
    backend = event(idempotency_key="k-1")
    page.send(first)
    ingest()
    page.send(second, event(idempotency_key="k-2"))
    page.report(backend)
    ingest()
    stored = store.event_ids()
    assert len(stored) == 3
    assert second["event_id"] not in stored
    assert {first["event_id"], backend["event_id"]} <= set(stored)


def test_an_idempotency_key_is_used_once_within_a_request(page: Page, store: Store) -> None:
    first, second = (event(idempotency_key="k-1") for _ in range(2))
    page.send(first, second)
    ingest()
    assert store.event_ids() == [first["event_id"]]


def test_a_repeated_event_does_not_use_up_a_new_key(marketplace: Marketplace, store: Store) -> None:
    plain = event()
    put(marketplace, plain)
    ingest()
    put(marketplace, {**plain, "idempotency_key": "k-9"})
    ingest()
    other = event(idempotency_key="k-9")
    put(marketplace, other)
    ingest()
    assert sorted(store.event_ids()) == sorted([plain["event_id"], other["event_id"]])


def test_the_id_of_a_coming_purchase_cannot_be_taken(page: Page, store: Store) -> None:
    page.marketplace.add_code("meta", "shop", "100000000000012")
    coming = page.marketplace.order("A-77")
    squatter = event(event_id=str(uuid.uuid4()))
    body = page.order("A-77")
    page.send({**squatter, "event_id": body["event_ids"]["*"]})
    run_pipeline()
    rows = store.rows("tx_events", "trusted")
    assert [(str(row["event_id"]), row["event_name"]) for row in rows] == [
        (body["event_ids"]["*"], "page_view"),
        (body["event_ids"]["*"], "order_completed"),
    ]
    assert coming["external_id"] == rows[1]["order_id"]


def test_what_is_stored_equals_an_independent_account(marketplace: Marketplace, store: Store) -> None:
    # An event is (who sent it, number); its idempotency key follows from the number, so that several share one.
    events = st.tuples(st.booleans(), st.integers(0, 9))
    deliveries = st.lists(st.lists(events, min_size=1, max_size=8), min_size=1, max_size=5)

    @given(deliveries, st.integers(1, 5), st.booleans())
    def check(entries: list[list[tuple[bool, int]]], size: int, again: bool) -> None:
        token = uuid.uuid4()
        account = Account()
        made = []
        for content in entries:
            for trusted in (False, True):
                wanted = [number for kind, number in content if kind == trusted]
                if wanted:
                    made.append(entry(marketplace, *(_numbered(token, number) for number in wanted), trusted=trusted))
                    account.receive(trusted, wanted)
        for start in range(0, len(made), size):
            store_entries(made[start : start + size])
        if again:
            assert store_entries(made).stored == 0
        stored = store.sql(
            "SELECT trusted, sequence_no FROM tx_events WHERE tenant_id = %(tenant)s AND session_id = %(session)s",
            session=f"s-{token}",
        )
        assert sorted((row["trusted"], row["sequence_no"]) for row in stored) == sorted(account.stored)
        assert store.session(f"s-{token}")["events"] == len(account.stored)

    check()


class Account:
    """What must be stored, kept the slow way."""

    def __init__(self) -> None:
        self.stored: list[tuple[bool, int]] = []
        self._keys: set[tuple[bool, int]] = set()

    def receive(self, trusted: bool, numbers: list[int]) -> None:
        for number in numbers:
            if (trusted, number) in self.stored:
                continue
            key = _key_of(number)
            if key is not None and (trusted, key) in self._keys:
                continue
            self.stored.append((trusted, number))
            if key is not None:
                self._keys.add((trusted, key))


def _key_of(number: int) -> int | None:
    return number % 3 if number >= 4 else None


def _numbered(token: uuid.UUID, number: int) -> dict[str, Any]:
    body = event(
        event_id=str(uuid.uuid5(token, str(number))),
        visitor_id=f"v-{token}",
        session_id=f"s-{token}",
        sequence_no=number,
        consent_snapshot=consent(),
    )
    key = _key_of(number)
    return body if key is None else {**body, "idempotency_key": f"{token}-{key}"}
