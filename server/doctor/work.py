"""Checks of what happens in the background: workers, schedules, outbox, deliveries, connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from rq.registry import FailedJobRegistry
from sqlalchemy import text

from core.db.session import maintainer_session
from core.jobs import QUEUES, queue
from core.registry import UnknownPlatformError, registry
from core.valkey import client
from server.doctor.findings import Finding, fail, graded, ok, warn
from server.vitals import workers_at_work

SCHEDULES = text("SELECT count(*) AS jobs, min(next_run_at) AS due, max(last_run_at) AS last FROM schedules")
OUTBOX = text(
    "SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(created_at)), 0) AS age FROM event_outbox"
)
OVERDUE = text("""
SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(d.next_attempt_at)), 0) AS age
FROM conversion_deliveries d JOIN connections c ON c.id = d.connection_id
WHERE d.state = 'pending' AND c.state = 'active' AND d.next_attempt_at < now()
  AND (c.resume_at IS NULL OR c.resume_at <= now()) AND (d.lease_until IS NULL OR d.lease_until <= now())
""")
RECENT = text("""
SELECT count(*) FILTER (WHERE state = 'dead') AS dead, count(*) FILTER (WHERE state IN ('dead', 'accepted')) AS settled
FROM (SELECT state FROM conversion_deliveries ORDER BY id DESC LIMIT 1000) AS latest
""")
CONNECTIONS = text("SELECT id, tenant_id, provider, account_id, state FROM connections ORDER BY id")
CLOCK = text("SELECT extract(epoch FROM clock_timestamp())")
ENOUGH = 20
"""Deliveries from which on a share means something."""


def workers() -> Iterator[Finding]:
    """Every queue has somebody who works on it, and jobs do not pile up."""
    alive = workers_at_work()
    served = {name for item in alive for name in item.queue_names()}
    idle = [name for name in QUEUES if name not in served]
    if idle:
        yield fail("workers", f"nobody works on {', '.join(idle)}", "Start `adrail worker`.")
    else:
        yield ok("workers", f"{len(alive)} at work")
    waiting = {name: int(client().llen(f"rq:queue:{name}")) for name in QUEUES}
    yield graded(
        "jobs",
        max(waiting.values()),
        ", ".join(f"{count} in {name}" for name, count in waiting.items() if count) or "none waits",
        "Run more `adrail worker` processes.",
        warn_from=1_000,
        fail_from=100_000,
    )
    failed = sum(FailedJobRegistry(queue=queue(name)).count for name in QUEUES)
    if failed:
        yield warn(
            "failed jobs",
            f"{failed} in the last day",
            "The workers' logs say why; sweeps do the work again by themselves.",
        )


def schedules(now: datetime | None = None) -> Iterator[Finding]:
    """Scheduled work is started on time."""
    now = now or datetime.now(UTC)
    with maintainer_session() as session:
        row = session.execute(SCHEDULES).one()
    if not row.jobs:
        yield fail("cron", "it has never run", "Start `adrail cron`.")
        return
    late = (now - row.due).total_seconds()
    last = f"last {row.last:%H:%M:%S} UTC" if row.last else "nothing was due yet"
    yield graded(
        "cron",
        late,
        f"{row.jobs} jobs, {last}" + (f", the next is {late:.0f} s late" if late > 0 else ""),
        "Start `adrail cron`, and a worker that serves the queue «default».",
        warn_from=120,
        fail_from=300,
    )


def outbox() -> Iterator[Finding]:
    """What orders and changes must tell is told."""
    with maintainer_session() as session:
        row = session.execute(OUTBOX).one()
    yield graded(
        "outbox",
        float(row.age),
        f"{row.rows} rows wait, the oldest for {row.age:.0f} s" if row.rows else "empty",
        "Start `adrail relay`, or see in its log what it cannot hand on.",
        warn_from=15,
        fail_from=120,
    )


def deliveries() -> Iterator[Finding]:
    """What is due is sent, and most of it is accepted."""
    with maintainer_session() as session:
        due, recent = session.execute(OVERDUE).one(), session.execute(RECENT).one()
    yield graded(
        "deliveries",
        float(due.age),
        f"{due.rows} are due, the oldest for {due.age:.0f} s" if due.rows else "nothing is due",
        "Are workers running and fast enough? Is a platform answering slowly? See the delivery log.",
        warn_from=300,
        fail_from=3_600,
    )
    if recent.settled >= ENOUGH:
        share = recent.dead / recent.settled
        yield graded(
            "refused deliveries",
            share,
            f"{share:.0%} of the latest {recent.settled} were given up",
            "The delivery log groups them by reason and says what to do.",
            warn_from=0.05,
            fail_from=0.20,
        )


def connections() -> Iterator[Finding]:
    """Every account can be sent to."""
    with maintainer_session() as session:
        rows = session.execute(CONNECTIONS).all()
    dead = [row for row in rows if row.state == "needs_reconnect"]
    if dead:
        told = ", ".join(f"{row.provider} {row.account_id} (connection {row.id})" for row in dead[:10])
        yield warn(
            "connections",
            f"{len(dead)} need a new token: {told}",
            "Their owners find them under Connections; what waits is sent once the token is replaced.",
        )
    else:
        yield ok("connections", f"{len(rows)}, none needs a new token")
    strange = sorted({row.provider for row in rows if not _installed(row.provider)})
    if strange:
        yield fail("plugins", f"connections use {', '.join(strange)}, which no plugin serves", "Install the plugin.")


def _installed(provider: str) -> bool:
    try:
        registry().get(provider)
    except UnknownPlatformError:
        return False
    return True


def clocks(now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """The database's clock agrees with ours."""
    with maintainer_session() as session:
        session.execute(text("SELECT 1"))  # connected before the clocks are compared
        before = now()
        theirs = float(session.scalar(CLOCK) or 0)
        skew = abs(timedelta(seconds=theirs - (before + now()) / 2).total_seconds())
    yield graded(
        "clock of the database",
        skew,
        f"{skew * 1000:.0f} ms from ours",
        "Let both machines follow the same time servers (chrony or systemd-timesyncd).",
        warn_from=1,
        fail_from=5,
    )
