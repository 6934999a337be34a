"""One marketplace's backlog delays nobody else: lanes, turns, bounds, and readers that die in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.events.api import StreamFullError, append
from core.events.stream import CROWDED, held_key, lanes, lanes_key, shards, streams
from core.valkey import client
from tests.marketplace import Marketplace, make_marketplace
from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.rounds import rounds
from tests.tracking.events import event
from tests.tracking.ingest.stream import entry, set_aside, waiting
from tests.tracking.store import Store
from tracking.ingest.entries import GROUP, TAKE_EVENTS
from tracking.ingest.lanes import TAKE
from tracking.ingest.reader import Reader


@pytest.fixture(autouse=True)
def _empty(database: str) -> None:
    client().flushdb()


def flood(marketplace: Marketplace, requests: int, each: int = 20) -> list[str]:
    """A backlog of a marketplace; returns the ids of its events."""
    names = []
    for number in range(requests):
        events = [event(visitor_id=f"v-{number}", session_id=f"s-{number}") for _ in range(each)]
        append(entry(marketplace, *events))
        names += [item["event_id"] for item in events]
    return names


def held() -> dict[bytes, bytes]:
    """What the lanes of the only shard are said to hold."""
    found: dict[bytes, bytes] = client().hgetall(held_key(shards()[0]))  # type: ignore[assignment]
    return found


def test_an_event_behind_anothers_backlog_is_stored_while_thousands_still_wait(
    marketplace: Marketplace, other_marketplace: Marketplace, store: Store
) -> None:
    flood(other_marketplace, 250)
    single = event()
    append(entry(marketplace, single))
    reader = Reader(threading.Event())
    for _ in range(3):  # unfinished work first, then its first batches
        reader.step(block_ms=1)
        if store.has(single["event_id"]):
            break
    assert store.has(single["event_id"])
    assert waiting() * 20 > 2_000


def test_many_quiet_marketplaces_are_stored_before_the_loud_ones_backlog(
    marketplace: Marketplace, database: str, store: Store
) -> None:
    flood(marketplace, 500)
    quiet = [make_marketplace() for _ in range(5)]
    for other in quiet:
        append(entry(other, event()))
    reader, seen = Reader(threading.Event()), "SELECT count(*) AS n FROM tx_events WHERE tenant_id = ANY(%(those)s)"
    for _ in range(3):
        reader.step(block_ms=1)
    assert store.sql(seen, those=[other.tenant_id for other in quiet])[0]["n"] == 5
    assert waiting() > 50


def test_a_backlog_in_lanes_is_stored_once_and_leaves_nothing_behind(
    marketplace: Marketplace, other_marketplace: Marketplace, store: Store
) -> None:
    names = flood(marketplace, 60, each=3)
    flood(other_marketplace, 40, each=3)
    assert len(lanes(shards()[0])) == 2
    assert int(held()[b"entries"]) == 100 - CROWDED
    ingest()
    assert sorted(store.event_ids()) == sorted(names)
    assert streams() == list(shards())
    assert held() == {}
    assert client().keys("adrail:events:0:*") == []


def test_what_a_marketplace_sends_is_stored_in_its_order(marketplace: Marketplace, store: Store) -> None:
    sent = flood(marketplace, CROWDED + 30, each=1)
    taken: list[Any] = []
    reader = Reader(threading.Event())
    while reader.step(block_ms=1):
        taken = store.sql("SELECT event_id FROM tx_events WHERE tenant_id = %(tenant)s ORDER BY ingested_at, event_id")
    assert len(taken) == len(sent)
    # Later ones stay behind earlier ones, also when there is room in the shared stream again.
    flood(marketplace, CROWDED + 2, each=1)
    client().xtrim(shards()[0], maxlen=0)
    append(entry(marketplace, event()))
    assert client().xlen(shards()[0]) == 0
    assert client().xlen(lanes(shards()[0])[0]) == 3


def test_lanes_have_their_turns_however_many_there_are(database: str) -> None:
    for tenant in range(1, 101):
        lane = f"{shards()[0]}:{tenant}"
        client().xadd(lane, {"h": "x", "c": "", "e": "y"})
        client().sadd(lanes_key(shards()[0]), lane)
    last, seen = "", list[bytes]()
    for _ in range(5):
        answer: Any = TAKE([shards()[0], lanes_key(shards()[0])], [GROUP, "reader", 10, 20, TAKE_EVENTS, last])
        last = answer[0].decode()
        seen += answer[2::2]
    assert len(seen) == len(set(seen)) == 100


@pytest.mark.parametrize(
    "fields", [{"h": "x", "e": "y", "n": 100}, {"h": "x", "e": "y" * 110_000}], ids=["many", "large"]
)
def test_a_take_ends_when_it_is_enough_for_a_transaction(database: str, fields: dict[Any, Any]) -> None:
    for _ in range(50):
        client().xadd(shards()[0], fields)
    answer: Any = TAKE([shards()[0], lanes_key(shards()[0])], [GROUP, "reader", 2, 200, 1_000, ""])
    assert sum(len(batch) for batch in answer[3::2]) == 10


def test_what_a_dead_reader_took_from_a_lane_is_stored_by_the_next(marketplace: Marketplace, store: Store) -> None:
    names = flood(marketplace, 60, each=2)
    keys = [key for shard in shards() for key in (shard, lanes_key(shard))]
    TAKE(keys, [GROUP, "dead", 10, 200, TAKE_EVENTS, ""])
    reader = Reader(threading.Event(), claim_idle_ms=0)
    while waiting():
        reader.step(block_ms=1)
    assert sorted(store.event_ids()) == sorted(names)
    assert client().keys("adrail:events:0:*") == []


def test_poison_in_a_lane_is_set_aside_and_blocks_nobody(
    marketplace: Marketplace, other_marketplace: Marketplace, store: Store
) -> None:
    flood(other_marketplace, CROWDED + 5, each=1)
    (lane,) = lanes(shards()[0])
    client().xadd(lane, {"h": "{", "c": "", "e": "damaged"})
    good = event()
    append(entry(marketplace, good))
    ingest()
    assert store.has(good["event_id"])
    assert [fields[b"from"] for fields in set_aside()] == [lane.encode()]
    assert streams() == list(shards())


def test_readers_at_once_store_a_backlog_of_many_exactly_once(database: str, store: Store) -> None:
    places = [make_marketplace() for _ in range(rounds(3, 12))]
    names = {place.tenant_id: flood(place, rounds(30, 200), each=2) for place in places}
    readers = [Reader(threading.Event()) for _ in range(3)]

    def work(reader: Reader) -> None:
        while waiting():
            reader.step(block_ms=1)

    threads = [threading.Thread(target=work, args=[reader]) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tenant, sent in names.items():
        stored = store.sql("SELECT event_id FROM tx_events WHERE tenant_id = %(of)s", of=tenant)
        assert sorted(str(row["event_id"]) for row in stored) == sorted(sent)
    assert held() == {}


def test_a_loud_marketplace_leaves_room_for_the_others(
    marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    with use_environment(ADRAIL_STREAM_MAX_ENTRIES="200"):
        with pytest.raises(StreamFullError):
            flood(marketplace, 201, each=1)
        assert 180 <= waiting() < 200
        for _ in range(5):
            append(entry(other_marketplace, event()))
        with pytest.raises(StreamFullError):
            flood(other_marketplace, 50, each=1)
        assert waiting() <= 200
