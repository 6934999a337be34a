"""What cannot be stored is set aside, seen, and holds up nobody."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import psycopg
import pytest

from core.events.stream import shards
from core.security.crypto import keyring
from core.valkey import client
from tests.marketplace import Marketplace, OrganizerKeys
from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.tracking.events import Page, event
from tests.tracking.ingest.stream import put, set_aside, waiting
from tests.tracking.store import Store
from tracking.ingest.reader import TRIES, AwayError, Reader


@pytest.fixture(autouse=True)
def _nothing_set_aside_yet(database: str) -> None:
    client().delete("adrail:events:dead")


@pytest.mark.parametrize(
    "damage",
    [
        {"occurred_at": "1850-01-01T00:00:00+00:00"},
        {"occurred_at": "soon"},
        {"event_id": "17"},
        {"visitor_id": "v\0"},
        {"sequence_no": 2**63},
        {"payload": 7},
    ],
    ids=["no partition", "no time", "no id", "NUL", "too large", "no payload"],
)
def test_an_event_that_cannot_be_stored_does_not_sink_its_neighbours(
    marketplace: Marketplace, store: Store, damage: dict[str, Any]
) -> None:
    poison = event(**damage)
    neighbours = [event(), event(), event(), event()]
    put(marketplace, neighbours[0])
    put(marketplace, neighbours[1], poison, neighbours[2])
    put(marketplace, neighbours[3])
    ingest()
    assert sorted(store.event_ids()) == sorted(item["event_id"] for item in neighbours)
    assert (waiting(), set_aside()) == (0, [])
    (row,) = store.rows("tx_rejected_events")
    assert (row["code"], row["event_name"], row["problems"][0]["rule"]) == ("not_storable", "page_view", "storage")
    assert orjson.loads(keyring().unseal(bytes(row["sealed_event"]), "reject")) == poison


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "y"},
        {"h": "{}", "c": "", "e": "not compressed"},
        {"h": "[", "c": "", "e": ""},
        {"h": "7", "c": "", "e": ""},
    ],
)
def test_an_entry_that_cannot_be_read_is_set_aside_as_it_is(page: Page, store: Store, fields: dict[Any, Any]) -> None:
    page.send(event())
    client().xadd(shards()[0], fields)
    page.send(event())
    ingest()
    assert len(store.event_ids()) == 2
    assert waiting() == 0
    (kept,) = set_aside()
    assert kept.items() >= {name.encode(): value.encode() for name, value in fields.items()}.items()
    assert kept[b"reason"]


def test_an_entry_of_nobody_is_set_aside_whole(page: Page, store: Store) -> None:
    put(Marketplace(2**40, "gone", "x", "x", "x", {}, OrganizerKeys(2**40, {})), event())
    page.send(event())
    ingest()
    assert len(store.event_ids()) == 1
    assert (waiting(), len(set_aside())) == (0, 1)


def test_an_address_under_a_lost_key_costs_the_address_only(marketplace: Marketplace, store: Store) -> None:
    put(marketplace, event(), sealed_client=b"\x04lostnothing readable here, whatever is tried")
    ingest()
    (row,) = store.events()
    assert row["client_network"] is None
    assert set_aside() == []


def test_an_entry_that_always_finds_others_in_its_way_is_set_aside_at_last(
    page: Page, store: Store, admin_connection: psycopg.Connection[Any], database: str
) -> None:
    with use_environment(ADRAIL_STATEMENT_TIMEOUT_MS="100"), psycopg.connect(database) as greedy:
        page.send(event())
        greedy.execute("LOCK TABLE tx_event_keys IN ACCESS EXCLUSIVE MODE")
        reader = Reader(threading.Event())
        for _ in range(TRIES - 1):
            reader.step(block_ms=1)
        assert (waiting(), set_aside()) == (1, [])
        reader.step(block_ms=1)
        assert (waiting(), len(set_aside())) == (0, 1)
        greedy.rollback()
        page.send(event())
        reader.step(block_ms=1)
    assert len(store.event_ids()) == 1


@pytest.mark.parametrize(
    ("breaks", "repairs"),
    [
        ("ALTER TABLE tx_sessions RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO tx_sessions"),
        ("REVOKE INSERT ON tx_events FROM adrail_app", "GRANT INSERT ON tx_events TO adrail_app"),
    ],
    ids=["not migrated", "forbidden"],
)
def test_a_database_out_of_order_makes_wait_and_sets_nothing_aside(
    page: Page, store: Store, admin_connection: psycopg.Connection[Any], breaks: str, repairs: str
) -> None:
    page.send(event(), event())
    page.send(event())
    reader = Reader(threading.Event())
    admin_connection.execute(breaks.encode())
    try:
        for _ in range(TRIES + 1):
            with pytest.raises(AwayError):
                reader.step(block_ms=1)
        assert (waiting(), set_aside()) == (2, [])
    finally:
        admin_connection.execute(repairs.encode())
    while waiting():
        reader.step(block_ms=1)
    assert len(store.event_ids()) == 3


def test_a_read_only_database_makes_wait(page: Page, store: Store, admin_connection: psycopg.Connection[Any]) -> None:
    page.send(event())
    (name,) = admin_connection.execute("SELECT current_database()").fetchone() or ("",)
    reader = Reader(threading.Event())
    admin_connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
    try:
        with use_environment(), pytest.raises(AwayError, match="25006"):
            reader.step(block_ms=1)
    finally:
        admin_connection.execute("SET default_transaction_read_only = off")
        admin_connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
    with use_environment():
        reader.step(block_ms=1)
    assert (waiting(), set_aside()) == (0, [])
    assert len(store.event_ids()) == 1
