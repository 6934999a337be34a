"""Scheduled work: rows say what is due; a tick claims and enqueues it, once however many schedulers tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from croniter import croniter
from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from core.db.schedule_models import Schedule
from core.db.session import maintainer_session
from core.jobs import DEFAULT, enqueue

UNREADABLE_PAUSE = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One job of the installation: dotted function name and five cron fields in UTC."""

    job: str
    cron: str
    queue: str = DEFAULT


INSTALLATION = (
    Rhythm("core.accounts.audit_jobs.anchor", "9 * * * *"),
    Rhythm("core.accounts.audit_jobs.check", "37 3 * * *"),
    Rhythm("core.accounts.key_jobs.warn", "23 * * * *"),
    Rhythm("core.analytics.jobs.roll_up", "* * * * *"),
    Rhythm("core.catalog.jobs.end_live_events", "*/5 * * * *"),
    Rhythm("core.catalog.jobs.forget_expired_interests", "13 * * * *"),
    Rhythm("core.catalog.jobs.age_persons", "7 1 * * *"),
    Rhythm("core.accounts.jobs.sweep", "29 3 * * *"),
    Rhythm("core.delivery.jobs.sweep", "*/5 * * * *"),
    Rhythm("core.delivery.jobs.prune", "51 * * * *"),
    Rhythm("core.events.archive_jobs.run", "47 1 * * *"),
    Rhythm("core.events.identity_jobs.attribute", "* * * * *"),
    Rhythm("core.events.jobs.make_partitions", "17 2 * * *"),
    Rhythm("core.events.jobs.prune", "41 * * * *"),
    Rhythm("core.events.capture.measure_recent", "*/10 * * * *"),
    Rhythm("core.events.capture.measure_late", "7 4 * * *"),
    Rhythm("core.notifications.jobs.sweep", "*/5 * * * *"),
    Rhythm("core.payments.jobs.match", "* * * * *"),
    Rhythm("core.payments.jobs.expire", "13 4 * * *"),
    Rhythm("core.payments.jobs.forget_secrets", "43 * * * *"),
)


def next_run(cron: str, zone: str, after: datetime) -> datetime:
    """The first time after ``after`` that matches ``cron`` in ``zone``; raises `ValueError` kinds for what is no cron.

    An hour that the clock passes twice in autumn counts once, unless ``cron`` asks for every hour.
    """
    times = croniter(cron, after.astimezone(ZoneInfo(zone)))
    local: datetime = times.get_next(datetime)
    while local.fold and not cron.split()[1].startswith("*"):
        local = times.get_next(datetime)
    return local.astimezone(UTC)


def ensure_schedules(now: datetime | None = None) -> None:
    """Make the installation's schedules equal to `INSTALLATION`; a changed rhythm counts from now."""
    now = now or datetime.now(UTC)
    with maintainer_session() as session:
        for item in INSTALLATION:
            values = {
                "queue": item.queue,
                "cron": item.cron,
                "zone": "UTC",
                "next_run_at": next_run(item.cron, "UTC", now),
            }
            statement = insert(Schedule).values(tenant_id=None, job=item.job, **values)
            session.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant_id", "job"],
                    set_=values,
                    where=or_(Schedule.cron != item.cron, Schedule.queue != item.queue),
                )
            )
        session.execute(
            delete(Schedule).where(
                Schedule.tenant_id.is_(None), Schedule.job.not_in([item.job for item in INSTALLATION])
            )
        )


def tick() -> list[str]:
    """Enqueue what is due and set its next time; work missed while everything was down runs once. Returns the jobs."""
    now = datetime.now(UTC)
    enqueued = []
    with maintainer_session() as session:
        due = session.scalars(
            select(Schedule).where(Schedule.next_run_at <= now).order_by(Schedule.id).with_for_update(skip_locked=True)
        ).all()
        for item in due:
            try:
                item.next_run_at = next_run(item.cron, item.zone, now)
                enqueue(item.queue, item.job, *([item.tenant_id] if item.tenant_id else []))
            except (ValueError, ZoneInfoNotFoundError) as exc:
                # One row that cannot be read must not stop the others, nor be tried every minute.
                log.error("a schedule cannot be followed", schedule=item.id, job=item.job, reason=str(exc))  # noqa: TRY400
                item.next_run_at = now + UNREADABLE_PAUSE
            else:
                item.last_run_at, item.runs = now, item.runs + 1
                enqueued.append(item.job)
    return enqueued
