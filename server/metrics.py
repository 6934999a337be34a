"""Prometheus metrics: of all processes when they share a folder, and gauges read when scraped."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import redis
from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client import REGISTRY as PROCESS
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.db.session import maintainer_session
from core.events.api import lanes, overdue_months, shards
from core.jobs import QUEUES
from core.registry import registry
from core.valkey import client
from server.vitals import Vitals

REQUESTS = Counter("adrail_http_requests_total", "HTTP requests answered", ["method", "endpoint", "status"])
REQUEST_SECONDS = Histogram(
    "adrail_http_request_seconds",
    "Time to answer an HTTP request",
    ["endpoint"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

WAITING = text("""
SELECT provider, count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0) AS age
FROM conversion_deliveries WHERE state = 'pending' GROUP BY provider
""")
OUTBOX = text("SELECT count(*) FROM event_outbox")


class Backlog(Collector):
    """How much waits where, right now."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one gauge a place; a server that is away leaves its gauges out."""
        with contextlib.suppress(redis.RedisError):
            yield from _streams()
            yield from _queues()
        with contextlib.suppress(SQLAlchemyError):
            yield from _tables()


def mount(app: Flask) -> None:
    """Add `/metrics`."""
    app.add_url_rule("/metrics", "metrics", _metrics)


def _metrics() -> Response:
    collectors = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(collectors)  # type: ignore[no-untyped-call]
        body = generate_latest(collectors)
    else:
        body = generate_latest(PROCESS)
    live = CollectorRegistry()
    live.register(Backlog())
    live.register(Vitals())
    return Response(body + generate_latest(live), content_type=CONTENT_TYPE_LATEST)


def _streams() -> Iterator[GaugeMetricFamily]:
    gauge = GaugeMetricFamily("adrail_stream_entries", "Entries not stored yet", labels=["stream"])
    for stream in shards():
        gauge.add_metric([stream], sum(client().xlen(name) for name in (stream, *lanes(stream))))
    yield gauge


def _queues() -> Iterator[GaugeMetricFamily]:
    gauge = GaugeMetricFamily("adrail_queue_jobs", "Jobs waiting", labels=["queue"])
    for name in QUEUES:
        gauge.add_metric([name], client().llen(f"rq:queue:{name}"))
    yield gauge


def _tables() -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily("adrail_deliveries_pending", "Deliveries not settled", labels=["platform"])
    age = GaugeMetricFamily(
        "adrail_deliveries_oldest_seconds", "Age of the oldest pending delivery", labels=["platform"]
    )
    outbox = GaugeMetricFamily("adrail_outbox_rows", "Outbox rows not handed on")
    # A gauge that vanishes with its last row would look like one that is no longer measured.
    found = {platform.slug: (0, 0.0) for platform in registry().all()}
    with maintainer_session() as session:
        found |= {row.provider: (row.waiting, float(row.age)) for row in session.execute(WAITING)}
        outbox.add_metric([], session.scalar(OUTBOX) or 0)
    for platform, (count, seconds) in found.items():
        waiting.add_metric([platform], count)
        age.add_metric([platform], seconds)
    archive = GaugeMetricFamily("adrail_archive_overdue_months", "Months that should be in the archive and are not")
    archive.add_metric([], len(overdue_months()))
    yield from (waiting, age, outbox, archive)
