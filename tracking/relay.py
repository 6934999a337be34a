"""The relay: hands outbox rows on, trusted events to the stream, changed configuration to the caches, news to jobs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import redis
import structlog
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.codes.api import bump_generation
from core.config import settings
from core.db.session import MAINTAINER, maintainer_session, role_url
from core.events.api import (
    CHANNEL,
    CONFIG_CHANGED,
    LIVE_EVENT_STATUS,
    TRACKING_EVENT,
    Entry,
    StreamFullError,
    append,
)
from core.jobs import DEFAULT, enqueue
from tracking.live.telling import FromBackend, tell
from tracking.metrics import RELAYED

BATCH = 500
POLL_SECONDS = 1.0
AWAY = (OperationalError, InterfaceError, PoolTimeoutError, psycopg.OperationalError, redis.RedisError, StreamFullError)

TAKE = text("""
SELECT id, tenant_id, topic, payload, sealed_client, created_at FROM event_outbox
ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
""")

log = structlog.get_logger(__name__)


def relay_once() -> int:
    """Hand on one batch; returns how many rows. A crash before the commit hands them on again, with the same ids."""
    with maintainer_session() as session:
        rows = session.execute(TAKE, {"most": BATCH}).all()
        done = [row for row in rows if _hand_on(row)]
        for tenant_id in {row.tenant_id for row in done if row.topic == CONFIG_CHANGED}:
            bump_generation(tenant_id)
        if done:
            session.execute(text("DELETE FROM event_outbox WHERE id = ANY(:ids)"), {"ids": [row.id for row in done]})
    _count(done)
    return len(done)


def _hand_on(row: Any) -> bool:
    """Whether the row may go; one that cannot be understood stays and does not hold up the others."""
    if row.topic == LIVE_EVENT_STATUS:
        enqueue(DEFAULT, "core.catalog.jobs.tell_status_change", row.tenant_id, row.payload["change_id"])
    if row.topic != TRACKING_EVENT:
        return True
    try:
        # Accepted when its transaction committed, however long the stream was away.
        append(Entry(row.tenant_id, True, row.created_at, [row.payload], None, row.sealed_client))
        tell(FromBackend(row.tenant_id), [row.payload], [])
    except AWAY:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever is wrong with this row, the next one is not to blame
        log.error("an outbox row cannot be handed on", row=row.id, reason=type(exc).__name__)  # noqa: TRY400 - no text
        return False
    return True


def _count(rows: Sequence[Any]) -> None:
    for row in rows:
        RELAYED.labels(row.topic).inc()


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
