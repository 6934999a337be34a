"""The relay: hands outbox rows on, trusted events to the stream, changed configuration to the caches."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import redis
import structlog
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from core.codes.api import bump_generation
from core.config import settings
from core.db.session import MAINTAINER, maintainer_session, role_url
from core.events.outbox import CHANNEL, CONFIG_CHANGED, TRACKING_EVENT
from core.events.stream import Entry, StreamFullError, append
from tracking.metrics import RELAYED

BATCH = 500
POLL_SECONDS = 1.0
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, redis.RedisError, StreamFullError)

TAKE = text("""
SELECT id, tenant_id, topic, payload, sealed_client, created_at FROM event_outbox
ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
""")

log = structlog.get_logger(__name__)


def relay_once() -> int:
    """Hand on one batch; returns how many rows. A crash before the commit hands them on again, with the same ids."""
    with maintainer_session() as session:
        rows = session.execute(TAKE, {"most": BATCH}).all()
        for row in rows:
            if row.topic == TRACKING_EVENT:
                now = datetime.now(UTC)
                append(Entry(row.tenant_id, True, now, [row.payload], None, row.sealed_client))
            RELAYED.labels(row.topic).inc()
        for tenant_id in {row.tenant_id for row in rows if row.topic == CONFIG_CHANGED}:
            bump_generation(tenant_id)
        if rows:
            session.execute(text("DELETE FROM event_outbox WHERE id = ANY(:ids)"), {"ids": [row.id for row in rows]})
    return len(rows)


def run(stop: threading.Event) -> None:
    """Relay until stopped: woken by the database's notification, at the latest every second."""
    pause = 0.1
    while not stop.is_set():
        try:
            with _listener() as listener:
                while not stop.is_set():
                    while relay_once() == BATCH:
                        pass
                    pause = 0.1
                    for _ in listener.notifies(timeout=POLL_SECONDS, stop_after=1):
                        pass
        except AWAY as exc:
            log.warning("relay waits", reason=type(exc).__name__, seconds=pause)
            stop.wait(pause)
            pause = min(pause * 2, 5.0)


def _listener() -> psycopg.Connection[tuple[object, ...]]:
    url, role = role_url(settings(), MAINTAINER)
    options = f"-c role={role}" if role else ""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(plain, autocommit=True, options=options, connect_timeout=5)
    connection.execute(f"LISTEN {CHANNEL}")
    return connection
