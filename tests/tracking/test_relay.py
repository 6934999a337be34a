"""From outbox to stream: nothing lost, nothing doubled, wherever it crashes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from core.codes.api import config_generation
from core.db.session import tenant_session
from core.events.api import StreamFullError, emit, emit_config_change
from core.events.stream import shards
from core.valkey import client
from tests.marketplace import Marketplace
from tests.pipeline import ingest, relay
from tests.process_state import use_environment
from tests.rounds import rounds
from tests.tracking.events import Page, completed
from tests.tracking.ingest.stream import forget_seen, waiting
from tests.tracking.store import Store
from tests.waiting import until
from tracking.relay import relay_once, run


def emit_orders(marketplace: Marketplace, *numbers: str) -> list[str]:
    """Emit a completed order each, in one transaction; returns the event ids."""
    bodies = [completed(number) for number in numbers]
    with tenant_session(marketplace.tenant_id) as session:
        for body in bodies:
            emit(session, marketplace.tenant_id, body)
    return [body["event_id"] for body in bodies]


@contextmanager
def crashing_before_commit(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Let every deletion of outbox rows fail, which is what a relay does last."""
    connection.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $$crash$$; END'"
    )
    connection.execute("CREATE TRIGGER crash BEFORE DELETE ON event_outbox EXECUTE FUNCTION crash()")
    try:
        yield
    finally:
        connection.execute("DROP FUNCTION crash CASCADE")


def test_a_row_becomes_an_entry_and_then_an_event(marketplace: Marketplace, store: Store) -> None:
    (name,) = emit_orders(marketplace, "A-1")
    (row,) = store.rows("event_outbox")
    assert relay() == 1
    assert store.rows("event_outbox") == []
    assert waiting() == 1
    ingest()
    (stored,) = store.events()
    assert (str(stored["event_id"]), stored["trusted"], stored["order_id"]) == (name, True, "A-1")
    # It was accepted when its transaction committed, not when the relay came by.
    assert abs(stored["received_at"] - row["created_at"]) < timedelta(milliseconds=1)


def test_a_transaction_that_is_rolled_back_tells_nothing(marketplace: Marketplace, store: Store) -> None:
    def change_of_mind() -> None:
        with tenant_session(marketplace.tenant_id) as session:
            emit(session, marketplace.tenant_id, completed("A-1"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_of_mind()
    assert relay() == 0


@pytest.mark.parametrize("remembered", [True, False], ids=["at once", "after the stream forgot"])
def test_a_crash_between_stream_and_commit_stores_once(
    marketplace: Marketplace, store: Store, admin_connection: psycopg.Connection[Any], remembered: bool
) -> None:
    names = emit_orders(marketplace, "A-1", "A-2", "A-3")
    with crashing_before_commit(admin_connection), pytest.raises(DBAPIError, match="crash"):
        relay_once()
    assert (waiting(), store.count("event_outbox")) == (3, 3)
    if not remembered:
        forget_seen()
    assert relay() == 3
    assert waiting() == (3 if remembered else 6)
    ingest()
    assert sorted(store.event_ids()) == sorted(names)
    assert store.count("event_outbox") == 0


def test_several_relays_hand_on_every_row_once(marketplace: Marketplace, store: Store) -> None:
    for number in range(rounds(1, 20)):
        names = emit_orders(marketplace, *(f"A-{number}-{n}" for n in range(120)))
        with ThreadPoolExecutor(4) as pool:
            handed_on = sum(pool.map(lambda _: relay_once(), range(4)))
        assert handed_on + relay() == 120
        assert waiting() == 120
        ingest()
        assert set(names) <= set(store.event_ids())
    assert store.count("tx_events") == rounds(1, 20) * 120


def test_a_full_stream_makes_the_outbox_wait(marketplace: Marketplace, store: Store) -> None:
    names = emit_orders(marketplace, "A-1", "A-2")
    with use_environment(ADRAIL_STREAM_MAX_ENTRIES="100"):
        filling = [client().xadd(shards()[0], {"x": "y"}) for _ in range(99)]
        with pytest.raises(StreamFullError):
            relay_once()
        assert store.count("event_outbox") == 2
        client().xdel(shards()[0], *filling)
        assert relay() == 2
    ingest()
    assert sorted(store.event_ids()) == sorted(names)


def test_a_row_that_cannot_be_understood_holds_up_nobody(marketplace: Marketplace, store: Store) -> None:
    store.sql(
        "INSERT INTO event_outbox (tenant_id, topic, payload) VALUES (%(tenant)s, 'tracking_event', '{}') RETURNING id"
    )
    (name,) = emit_orders(marketplace, "A-1")
    assert relay_once() == 1
    assert relay_once() == 0
    ingest()
    assert store.event_ids() == [name]
    assert store.sql("DELETE FROM event_outbox WHERE tenant_id = %(tenant)s RETURNING payload") == [{"payload": {}}]


def test_changed_configuration_reaches_every_process(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    relay()
    mine, theirs = (config_generation(item.tenant_id) for item in (marketplace, other_marketplace))
    with tenant_session(marketplace.tenant_id) as session:
        emit_config_change(session, marketplace.tenant_id)
        emit_config_change(session, marketplace.tenant_id)
    assert relay() == 2
    assert config_generation(marketplace.tenant_id) != mine
    assert config_generation(other_marketplace.tenant_id) == theirs
    assert waiting() == 0


def test_a_running_relay_is_woken_and_outlives_its_connection(
    page: Page, store: Store, admin_connection: psycopg.Connection[Any]
) -> None:
    ingest()
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,))
    thread.start()
    page.order("A-1")
    until(lambda: waiting() == 1, what="the order on the stream")
    admin_connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    page.order("A-2")
    until(lambda: waiting() == 2, what="the second order on the stream")
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    ingest()
    assert len(store.event_ids()) == 2
