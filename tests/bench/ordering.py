"""From an order to the platforms' acceptance, at a steady pace."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from datetime import datetime
from typing import Any

import orjson
import psycopg

from tests.bench.load import Client, milliseconds
from tests.bench.requests import order
from tests.installation import Installation
from tests.platform_records import received, reset
from tests.waiting import until

ORDERS_PER_SECOND = 50
CONNECTIONS = 6


def order_to_platform(installation: Installation, seconds: float) -> dict[str, Any]:
    """Fifty orders a second; each goes to the organiser's and to the marketplace's account in batches."""
    facts = installation.facts
    reset(facts["sandbox_url"])
    count = int(ORDERS_PER_SECOND * seconds)
    placed, answers, late = _place(facts, count)
    expected = {number: sorted(ids.values()) for number, ids in answers.items()}
    wanted = {name for ids in expected.values() for name in ids}
    until(lambda: _settled(facts["database_url"], 2 * count), seconds=120, what="every order at the platforms")
    arrived = _arrived(facts["sandbox_url"])
    assert wanted <= arrived.keys(), f"{len(wanted - arrived.keys())} purchases did not arrive"
    last = [max(arrived[name] for name in ids) - placed[number] for number, ids in expected.items()]
    return {
        "value": milliseconds(last, 50),
        "unit": "ms from sending the order to the later of its two acceptances, median",
        "p50_ms": milliseconds(last, 50),
        "p99_ms": milliseconds(last, 99),
        "max_ms": round(1000 * max(last), 1),
        "answer_p99_ms": milliseconds(late, 99),
        "orders_per_second": ORDERS_PER_SECOND,
        "n": count,
        "seconds": seconds,
    }


def _place(facts: dict[str, Any], count: int) -> tuple[dict[str, float], dict[str, dict[str, str]], list[float]]:
    """Send orders on time, however long answers take; returns wall time of sending, event ids, answer times."""
    placed: dict[str, float] = {}
    answers: dict[str, dict[str, str]] = {}
    latencies: list[float] = []
    jobs: queue.Queue[str | None] = queue.Queue()
    problems: Counter[int] = Counter()

    def work() -> None:
        client = Client(facts["base_url"])
        while (number := jobs.get()) is not None:
            placed[number] = time.time()
            status, body = client.ask(*order(facts, number))
            latencies.append(time.time() - placed[number])
            if status == 201:
                answers[number] = orjson.loads(body)["event_ids"]
            else:
                problems[status] += 1
        client.close()

    workers = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    started, stamp = time.monotonic(), f"{time.time():.0f}"
    pause = threading.Event()
    for index in range(count):
        pause.wait(max(0.0, started + index / ORDERS_PER_SECOND - time.monotonic()))
        jobs.put(f"B-{stamp}-{index}")
    for _ in workers:
        jobs.put(None)
    for worker in workers:
        worker.join()
    assert not problems, f"orders were refused: {dict(problems)}"
    return placed, answers, latencies


def _settled(database_url: str, least: int) -> bool:
    """Whether no delivery waits any more; asked of the database, because asking the sandbox would slow it down."""
    with psycopg.connect(database_url) as connection:
        query = "SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FROM conversion_deliveries"
        pending, total = connection.execute(query).fetchone() or (1, 0)
    return bool(pending == 0 and total >= least)


def _arrived(sandbox_url: str) -> dict[str, float]:
    """Event id → wall time of its first acceptance."""
    times: dict[str, float] = {}
    for record in received(sandbox_url):
        if record["method"] == "POST" and str(record["verdict"]).startswith("accepted"):
            moment = datetime.fromisoformat(record["received_at"]).timestamp()
            for item in _events(record["body"]):
                times.setdefault(str(item.get("event_id")), moment)
    return times


def _events(body: Any) -> list[dict[str, Any]]:
    data = body.get("data", []) if isinstance(body, dict) else []
    return [orjson.loads(item) if isinstance(item, str) else item for item in data]


BENCHMARKS = (order_to_platform,)
