"""Collector and tracking-config under load."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from tests.bench.load import Client, Measured, closed_loop
from tests.bench.requests import collector, tracking_config
from tests.installation import Installation
from tests.waiting import until

PROCESSES, THREADS = 2, 4
DRAIN_SECONDS = 300.0


def collector_single(installation: Installation, seconds: float) -> dict[str, Any]:
    """Requests with one event each, over eight connections."""
    return _collect(installation, seconds, 1)


def collector_batch_100(installation: Installation, seconds: float) -> dict[str, Any]:
    """Requests with a hundred events each, over eight connections."""
    return _collect(installation, seconds, 100)


def collector_single_unhurried(installation: Installation, seconds: float) -> dict[str, Any]:
    """One event after the other on one connection: how long an answer takes when nobody else asks."""
    facts = installation.facts
    before = stored(installation)
    measured = closed_loop(
        facts["base_url"], lambda _: collector(facts, 1), seconds=min(seconds, 5), processes=1, threads=1
    )
    _wait(installation, before + measured.statuses[202])
    return {"value": round(measured.per_second), "unit": "requests/s", **measured.facts()}


def tracking_config_cached(installation: Installation, seconds: float) -> dict[str, Any]:
    """The configuration of one live event's page, as a cache in front would ask for it, over eight connections."""
    facts = installation.facts
    client = Client(facts["base_url"])
    status, body = client.ask(*tracking_config(facts)())
    assert status == 200, body
    client.close()
    measured = closed_loop(
        facts["base_url"], lambda _: tracking_config(facts), seconds=seconds, processes=PROCESSES, threads=THREADS
    )
    assert set(measured.statuses) == {200}, measured.statuses
    return {"value": round(measured.per_second), "unit": "requests/s", "bytes": len(body), **measured.facts()}


def _collect(installation: Installation, seconds: float, size: int) -> dict[str, Any]:
    facts = installation.facts
    before, started = stored(installation), time.perf_counter()
    measured = closed_loop(
        facts["base_url"], lambda _: collector(facts, size), seconds=seconds, processes=PROCESSES, threads=THREADS
    )
    accepted = measured.statuses[202] * size
    _wait(installation, before + accepted)
    elapsed, count = time.perf_counter() - started, stored(installation) - before
    assert count == accepted, f"{accepted} events were accepted and {count} are stored"
    return {
        "value": round(accepted / measured.seconds),
        "unit": "events/s accepted",
        "stored_per_second": round(count / elapsed),
        "events_per_request": size,
        **_facts(measured),
    }


def _facts(measured: Measured) -> dict[str, Any]:
    assert set(measured.statuses) == {202}, measured.statuses
    return measured.facts()


def stored(installation: Installation) -> int:
    """How many events are stored."""
    with psycopg.connect(installation.facts["database_url"]) as connection:
        row = connection.execute("SELECT count(*) FROM tx_events").fetchone()
    return int(row[0]) if row else 0


def _wait(installation: Installation, count: int) -> None:
    """Until so many events are stored, wherever they wait."""
    until(lambda: stored(installation) >= count, seconds=DRAIN_SECONDS, what=f"{count} stored events")


BENCHMARKS = (collector_single_unhurried, collector_single, collector_batch_100, tracking_config_cached)
