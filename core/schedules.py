"""Scheduled work: rows say what is due; a tick claims and enqueues it, once however many schedulers tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.db.schedule_models import Schedule
from core.db.session import maintainer_session
from core.jobs import DEFAULT, enqueue


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One job of the installation: dotted function name and five cron fields in UTC."""

    job: str
    cron: str
    queue: str = DEFAULT


INSTALLATION = (
    Rhythm("core.delivery.jobs.sweep", "*/5 * * * *"),
    Rhythm("core.events.jobs.make_partitions", "17 2 * * *"),
    Rhythm("core.events.jobs.prune", "41 * * * *"),
)


def next_run(cron: str, zone: str, after: datetime) -> datetime:
    """The first time after ``after`` that matches ``cron`` in ``zone``."""
    local: datetime = croniter(cron, after.astimezone(ZoneInfo(zone))).get_next(datetime)
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
                    index_elements=["tenant_id", "job"], set_=values, where=Schedule.cron != item.cron
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
    with maintainer_session() as session:
        due = session.scalars(
            select(Schedule).where(Schedule.next_run_at <= now).order_by(Schedule.id).with_for_update(skip_locked=True)
        ).all()
        for item in due:
            enqueue(item.queue, item.job, *([item.tenant_id] if item.tenant_id else []))
            item.last_run_at, item.runs = now, item.runs + 1
            item.next_run_at = next_run(item.cron, item.zone, now)
        return [item.job for item in due]
