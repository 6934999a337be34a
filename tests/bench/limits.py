"""What the parts underneath can do at most on this machine, measured in the same run: to compare the others with."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import redis

from tests.bench.collecting import PROCESSES, THREADS, collector_batch_100
from tests.bench.load import closed_loop, milliseconds
from tests.installation import Installation

ROWS = 50_000
SCRATCH = "adrail:bench:appended"
ENTRY = {"h": b"h" * 120, "c": b"c" * 180, "e": b"e" * 700}
"""About what one event's entry weighs."""


def raw_copy(installation: Installation, seconds: float) -> dict[str, Any]:
    """Binary COPY of stored events, over one connection, into a table like theirs without indexes."""
    with psycopg.connect(installation.facts["database_url"]) as connection:
        rows = connection.execute("SELECT count(*) FROM tx_events").fetchone()
    if not rows or rows[0] < ROWS:
        collector_batch_100(installation, seconds)
    with psycopg.connect(installation.facts["database_url"]) as connection:
        connection.execute("CREATE TABLE bench_copy (LIKE tx_events)")
        connection.commit()
        with connection.cursor().copy(f"COPY (SELECT * FROM tx_events LIMIT {ROWS}) TO STDOUT (FORMAT BINARY)") as out:
            data = b"".join(bytes(part) for part in out)
        started = time.perf_counter()
        with connection.cursor() as cursor:
            with cursor.copy("COPY bench_copy FROM STDIN (FORMAT BINARY)") as into:
                into.write(data)
            copied = cursor.rowcount
        connection.commit()
        elapsed = time.perf_counter() - started
        connection.execute("DROP TABLE bench_copy")
        connection.commit()
    return {"value": round(copied / elapsed), "unit": "rows/s", "n": copied, "seconds": round(elapsed, 2)}


def raw_append(installation: Installation, seconds: float) -> dict[str, Any]:
    """Appending entries to a stream, each on disk before its answer: eight connections, then one alone."""
    many = _append(installation, min(seconds, 5), PROCESSES * THREADS)
    alone = _append(installation, min(seconds, 5), 1)
    return {
        "value": round(len(many) / min(seconds, 5)),
        "unit": "entries/s, eight connections",
        "n": len(many),
        "p50_ms": milliseconds(many, 50),
        "p99_ms": milliseconds(many, 99),
        "alone_p50_ms": milliseconds(alone, 50),
    }


def raw_answer(installation: Installation, seconds: float) -> dict[str, Any]:
    """The same load generator asking the web processes whether they live: what both can do without any work."""
    measured = closed_loop(
        installation.facts["base_url"],
        lambda _: lambda: ("GET", "/healthz", {}, b""),
        seconds=min(seconds, 5),
        processes=PROCESSES,
        threads=THREADS,
    )
    return {"value": round(measured.per_second), "unit": "requests/s", **measured.facts()}


def _append(installation: Installation, seconds: float, connections: int) -> list[float]:
    latencies: list[float] = []

    def work() -> None:
        client = redis.Redis.from_url(installation.facts["redis_url"])
        until = time.perf_counter() + seconds
        while (asked := time.perf_counter()) < until:
            client.xadd(SCRATCH, ENTRY, maxlen=1000)  # type: ignore[arg-type]
            latencies.append(time.perf_counter() - asked)
        client.close()

    workers = [threading.Thread(target=work) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    client = redis.Redis.from_url(installation.facts["redis_url"])
    client.delete(SCRATCH)
    client.close()
    return latencies


BENCHMARKS = (raw_copy, raw_append, raw_answer)
