"""Readers come and go, servers go and come back: what was accepted waits."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import redis

from core.events.stream import shards
from core.valkey import client
from tests.outages import away
from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.tracking.events import Page, event
from tests.tracking.ingest.stream import take_and_die, waiting
from tests.tracking.store import Store
from tests.waiting import until
from tracking.ingest.entries import GROUP
from tracking.ingest.reader import AwayError, Reader

NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


def readers() -> list[dict[str, Any]]:
    """Every reader that the group knows."""
    return [reader for stream in shards() for reader in client().xinfo_consumers(stream, GROUP)]


def test_while_the_database_is_away_the_stream_takes_events_and_loses_none(page: Page, store: Store) -> None:
    page.send(event())
    page.send(event(), event())
    with use_environment(DATABASE_URL=NO_DATABASE):
        reader = Reader(threading.Event())
        for _ in range(3):
            with pytest.raises(AwayError):
                reader.step(block_ms=1)
    assert waiting() == 2
    page.send(event())
    while waiting():
        reader.step(block_ms=1)
    assert len(store.event_ids()) == 4


def test_a_running_reader_waits_for_the_database_and_goes_on(page: Page, store: Store, database: str) -> None:
    stop = threading.Event()
    page_view = event()
    page.send(page_view)
    thread = threading.Thread(target=Reader(stop).run)
    with away(database, spare=store.backend):
        thread.start()
        until(lambda: any(reader["pending"] for reader in readers()), what="the reader with the event in its hands")
    until(lambda: store.has(page_view["event_id"]), what="the event in the store")
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_reader_that_stops_takes_its_name_along(page: Page) -> None:
    ingest()
    stop = threading.Event()
    thread = threading.Thread(target=Reader(stop).run)
    before = {reader["name"] for reader in readers()}
    thread.start()
    until(lambda: {reader["name"] for reader in readers()} - before, what="the reader's name in the group")
    stop.set()
    thread.join(30)
    assert {reader["name"] for reader in readers()} == before


def test_a_name_with_unfinished_entries_stays_until_they_are_taken_over(page: Page, store: Store) -> None:
    ingest()
    page.send(event())
    take_and_die("dead-1")
    Reader(threading.Event(), claim_idle_ms=60_000).step(block_ms=1)
    assert [reader["pending"] for reader in readers() if reader["name"] == b"dead-1"] == [1]
    Reader(threading.Event(), claim_idle_ms=0).step(block_ms=1)
    assert [reader["pending"] for reader in readers() if reader["name"] == b"dead-1"] == [0]
    assert len(store.event_ids()) == 1


def test_a_group_that_is_lost_is_made_again(page: Page, store: Store) -> None:
    ingest()
    reader = Reader(threading.Event())
    reader.step(block_ms=1)
    client().delete(*shards())
    with pytest.raises(redis.ResponseError):
        reader.step(block_ms=1)
    page.send(event())
    assert reader.step(block_ms=1) == 1
    assert len(store.event_ids()) == 1


def test_a_large_backlog_is_stored_in_order_of_batches(page: Page, store: Store) -> None:
    for _ in range(45):
        page.send(*(event(visitor_id=f"v-{n}", session_id=f"s-{n}") for n in range(100)))
    assert ingest() == 45
    assert store.count("tx_events") == 4_500
    assert {row["events"] for row in store.rows("tx_sessions")} == {45}


def test_entries_of_many_marketplaces_share_a_batch_and_nothing_else(
    page: Page, other_marketplace: Any, store: Store
) -> None:
    other = Page(page.client, other_marketplace)
    mine, theirs = [event() for _ in range(3)], [event() for _ in range(2)]
    for pair in zip(mine, [*theirs, event()], strict=True):
        page.send(pair[0])
        other.send(pair[1])
    ingest()
    assert sorted(store.event_ids()) == sorted(item["event_id"] for item in mine)
    assert (
        store.sql("SELECT count(*) AS n FROM tx_events WHERE tenant_id = %(other)s", other=other_marketplace.tenant_id)[
            0
        ]["n"]
        == 3
    )
