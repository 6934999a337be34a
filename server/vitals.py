"""Signs of life: who reads, who works, what is late; looked at when asked, by the doctor and by `/metrics`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import redis
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from rq import Worker
from rq.worker import BaseWorker
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.db.session import maintainer_session
from core.events.api import lanes, shards
from core.registry import registry
from core.valkey import client
from tracking.ingest.entries import DEAD_STREAM, GROUP

READER_GONE_MS = 30_000

TABLES = text("""
SELECT (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM event_outbox) AS outbox_seconds,
       (SELECT coalesce(greatest(extract(epoch FROM now() - min(next_run_at)), 0), 0) FROM schedules) AS late_seconds,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most
""")
COLLECTION = text("""
SELECT t.slug,
       (SELECT count(*) FROM tx_rejected_events r WHERE r.tenant_id = t.id AND r.state = 'open') AS refused,
       (SELECT sum(d.received) / nullif(sum(d.received + d.missing), 0) FROM collection_days d
        WHERE d.tenant_id = t.id AND d.day >= current_date - 1) AS captured
FROM tenants t WHERE t.status = 'active' ORDER BY t.slug
""")
DEAD_CONNECTIONS = text("""
SELECT provider, count(*) FILTER (WHERE state = 'needs_reconnect') AS dead FROM connections GROUP BY provider
""")


def oldest_seconds(stream: str) -> float:
    """For how long the first entry of a shard's stream and its lanes waits; 0 when none does."""
    found: list[Any] = [client().xrange(name, count=1) for name in (stream, *lanes(stream))]
    taken = [int(first[0][0].split(b"-")[0]) for first in found if first]
    if not taken:
        return 0.0
    now: Any = client().time()
    return max(0.0, float(now[0]) - min(taken) / 1000)


def readers(stream: str) -> int:
    """How many ingest processes read a stream."""
    try:
        consumers: Any = client().xinfo_consumers(stream, GROUP)
    except redis.ResponseError:  # neither stream nor group: nobody ever read
        return 0
    return sum(item["idle"] < READER_GONE_MS for item in consumers)


def workers_at_work() -> list[BaseWorker]:
    """The workers that are connected; RQ's register alone keeps a killed one for minutes."""
    connected = _connected_names()
    return [item for item in Worker.all(connection=client()) if connected is None or item.name in connected]


def _connected_names() -> set[str] | None:
    with contextlib.suppress(redis.ResponseError):  # managed servers may forbid the question
        clients: Any = client().client_list()
        return {item["name"] for item in clients}
    return None


class Vitals(Collector):
    """Gauges of all that; those of a server that is away are left out, and the server counts as down."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look now."""
        up = GaugeMetricFamily("adrail_server_up", "Whether a server answers", labels=["server"])
        found: list[GaugeMetricFamily] = []
        for server, look in (("valkey", _valkey), ("database", _database)):
            try:
                found += look()
            except (redis.RedisError, SQLAlchemyError):
                up.add_metric([server], 0)
            else:
                up.add_metric([server], 1)
        yield up
        yield from found


def _valkey() -> list[GaugeMetricFamily]:
    age = GaugeMetricFamily("adrail_stream_oldest_seconds", "Age of the oldest entry not stored", labels=["stream"])
    reading = GaugeMetricFamily("adrail_stream_readers", "Ingest processes that read", labels=["stream"])
    for stream in shards():
        age.add_metric([stream], oldest_seconds(stream))
        reading.add_metric([stream], readers(stream))
    info: Mapping[str, Any] = dict(client().info())
    return [
        age,
        reading,
        _gauge("adrail_set_aside_entries", "Entries that could not be stored", float(client().xlen(DEAD_STREAM))),
        _gauge("adrail_workers", "RQ workers at work", len(workers_at_work())),
        _gauge("adrail_valkey_memory_bytes", "Memory that Valkey uses", float(info["used_memory"])),
        _gauge("adrail_valkey_memory_limit_bytes", "Its limit; 0 is none", float(info.get("maxmemory", 0))),
    ]


def _database() -> list[GaugeMetricFamily]:
    dead = GaugeMetricFamily("adrail_connections_dead", "Accounts that need a new token", labels=["platform"])
    with maintainer_session() as session:
        row = session.execute(TABLES).one()
        counts = {item.provider: item.dead for item in session.execute(DEAD_CONNECTIONS)}
        collection = session.execute(COLLECTION).all()
    for platform in sorted({*counts, *(item.slug for item in registry().all())}):
        dead.add_metric([platform], counts.get(platform, 0))
    return [
        _gauge("adrail_outbox_oldest_seconds", "Age of the oldest outbox row", float(row.outbox_seconds)),
        _gauge("adrail_schedule_late_seconds", "How late the most overdue scheduled job is", float(row.late_seconds)),
        _gauge("adrail_database_connections", "Connections of all programs", float(row.connections)),
        _gauge("adrail_database_connections_limit", "How many there may be", float(row.most)),
        dead,
        *_collected(collection),
    ]


def _collected(rows: Sequence[Any]) -> list[GaugeMetricFamily]:
    """By marketplace: refused events that wait, and the share that arrived yesterday and today, 1 while none came."""
    refused = GaugeMetricFamily("adrail_rejected_events_open", "Refused events that wait", labels=["marketplace"])
    captured = GaugeMetricFamily("adrail_capture_ratio", "Share of sent events that arrived", labels=["marketplace"])
    for row in rows:
        refused.add_metric([row.slug], float(row.refused))
        captured.add_metric([row.slug], float(1 if row.captured is None else row.captured))
    return [refused, captured]


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)
