"""Backends send to the real server: everything arrives once, and what is wrong is told."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

import adrail
from adrail.client import ApiError, Rejection, UnreachableError
from tests.marketplace import Marketplace
from tests.pipeline import ingest
from tests.sdk.python.client.conftest import Door
from tests.tracking.store import Store
from tests.waiting import until

T = TypeVar("T")
FORKS = """
import os
from adrail import Client, Event
client = Client("http://127.0.0.1:1", "nobody")
child = os.fork()
if child == 0:
    try:
        client.track(Event("points_earned", {"points_count": 1, "reason": "test"}))
    except RuntimeError as exc:
        os._exit(7 if "in each process" in str(exc) else 1)
    os._exit(2)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def points(**changes: Any) -> adrail.Event:
    return adrail.Event("points_earned", {"points_count": 10, "reason": "purchase", **changes})


def order(number: str) -> dict[str, Any]:
    return {
        "external_id": number,
        "status": "completed",
        "currency": "RON",
        "placed_at": datetime.now(UTC).isoformat(),
        "consent": {"marketing": False, "data_processing": True, "captured_at": datetime.now(UTC).isoformat()},
        "totals": {"gross": "180.00", "net": "151.26"},
        "items": [{"line": "1", "live_event_id": "ev-1", "quantity": 2, "unit_price": "90.00"}],
    }


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: browser tests leave a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture
def store(admin_connection: Any, marketplace: Marketplace) -> Store:
    return Store(admin_connection, marketplace)


@pytest.fixture
def key(marketplace: Marketplace) -> str:
    return marketplace.server_key


def test_events_arrive_once_in_batches(door: Door, key: str, store: Store) -> None:
    with adrail.Client(door.address, key) as client:
        sent = {client.track(points()) for _ in range(250)}
        assert client.flush()
    ingest()
    assert sorted(store.event_ids()) == sorted(sent)


def test_a_few_events_go_out_by_themselves(door: Door, key: str) -> None:
    with adrail.Client(door.address, key, flush_seconds=0.05) as client:
        client.track(points())
        until(lambda: client.waiting == 0, what="an empty queue without flush")


def test_a_wrong_event_is_told_with_its_fields_and_harms_no_other(door: Door, key: str, store: Store) -> None:
    heard: list[Rejection] = []
    with adrail.Client(door.address, key, on_rejected=heard.append) as client:
        good, bad = client.track(points()), client.track(points(points_count=-1))
        assert client.flush()
    assert [(item.event_id, item.code) for item in heard] == [(bad, "schema")]
    assert [item["pointer"] for item in heard[0].errors] == ["/payload/points_count"]
    ingest()
    assert store.event_ids() == [good]


def test_while_the_server_is_away_events_wait_and_the_next_process_sends_them(
    door: Door, key: str, store: Store, tmp_path: Path
) -> None:
    door.shut()
    with adrail.Client(door.address, key, spool=tmp_path) as client:
        sent = {client.track(points()) for _ in range(5)}
        assert client.close(timeout_seconds=0.2) is False
    door.open()
    with adrail.Client(door.address, key, spool=tmp_path) as client:
        assert client.flush()
    ingest()
    assert set(store.event_ids()) == sent


def test_a_server_that_comes_back_gets_everything(door: Door, key: str) -> None:
    door.shut()
    with adrail.Client(door.address, key, flush_seconds=0.01) as client:
        client.track(points())
        door.open()
        assert client.flush(20)


def test_a_client_of_the_process_before_a_fork_says_so() -> None:
    # In an interpreter of its own: newer ones warn of forking beside threads, which is the point.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (7, "")


def test_a_key_that_is_refused_is_told(door: Door) -> None:
    with adrail.Client(door.address, "ak_server_nobody") as client:
        client.track(points())
        client.flush(0.01)
        problem = until(lambda: client.problem, what="the refusal")
        assert (problem.status, client.waiting) == (401, 1)
        client.close(timeout_seconds=0)


def test_an_order_can_be_reported_twice_and_changed(door: Door, key: str) -> None:
    with adrail.Client(door.address, key) as client:
        placed = order("A-1")
        first, again = client.place_order(placed), client.place_order(placed)
        assert first["event_ids"] == again["event_ids"]
        change = {"status": "cancelled", "transition_id": "t-1", "occurred_at": datetime.now(UTC).isoformat()}
        assert client.change_order("A-1", change)["status"] == "cancelled"


def test_what_is_wrong_with_an_order_is_named(door: Door, key: str) -> None:
    with adrail.Client(door.address, key) as client:
        with pytest.raises(ApiError) as caught:
            client.place_order({**order("A-2"), "currency": "MOON"})
        assert caught.value.status in {400, 422}
        assert "/currency" in str(caught.value)


def test_an_order_is_not_waited_for_without_end(door: Door, key: str) -> None:
    door.shut()
    with adrail.Client(door.address, key) as client, pytest.raises(UnreachableError, match="ConnectError"):
        client.place_order(order("A-3"), timeout_seconds=0.3)


def test_the_same_with_asyncio(door: Door, key: str, store: Store, tmp_path: Path) -> None:
    heard: list[Rejection] = []

    async def use() -> set[str]:
        async with adrail.AsyncClient(door.address, key, spool=tmp_path, on_rejected=heard.append) as client:
            sent = {await client.track(points()) for _ in range(120)}
            await client.track(points(points_count=-1))
            assert await client.flush()
            assert (await client.place_order(order("B-1")))["status"] == "completed"
            return sent

    sent = in_a_loop(use())
    assert [item.code for item in heard] == ["schema"]
    ingest()
    assert sent <= set(store.event_ids())


def test_an_async_client_that_cannot_reach_the_server_keeps_events(door: Door, key: str, tmp_path: Path) -> None:
    door.shut()

    async def use() -> tuple[bool, int]:
        client = adrail.AsyncClient(door.address, key, spool=tmp_path)
        await client.track(points())
        return await client.close(timeout_seconds=0.2), client.waiting

    assert in_a_loop(use()) == (False, 1)


def test_a_time_without_zone_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="time zone"):
        adrail.Event("points_earned", occurred_at=datetime(2026, 11, 20, 18, 0)).as_dict()  # noqa: DTZ001


def test_an_event_keeps_the_id_it_was_given() -> None:
    wanted = uuid.uuid4()
    assert adrail.Event("points_earned", event_id=wanted).as_dict()["event_id"] == str(wanted)
