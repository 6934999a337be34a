"""The RQ worker and the cron that ticks once a minute."""

from __future__ import annotations

from typing import Any

from redis import Redis
from rq import SimpleWorker
from rq.cron import CronJob, CronScheduler
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy

from core.jobs import DEFAULT, QUEUES, enqueue, queue
from core.registry import registry
from core.schedules import ensure_schedules, tick
from core.valkey import client

TICK_JOB = "core.schedules.tick"


class Worker(SimpleWorker):
    """Runs jobs in its own process.

    Forking per job would cost 30 ms each and break vendor SDKs whose channels do not survive a fork; a job that
    crashes the process costs its lease, and the supervisor starts the worker again.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            [queue(name) for name in names],
            connection=client(),
            serializer=JSONSerializer,
            # Also how soon a worker takes over the timers of one that was killed; RQ's own 10 minutes are too long.
            maintenance_interval=60,
        )


def run_worker(names: tuple[str, ...], *, burst: bool = False) -> None:
    """Work until stopped (``burst``: until the queues are empty); one worker also moves due retries to the queues.

    The queues take turns: a platform that is away for hours must not keep sweeps, partitions and mails from running.
    """
    registry().call("startup", processes=["worker"])
    Worker(names or QUEUES).work(
        with_scheduler=not burst, burst=burst, dequeue_strategy=DequeueStrategy.ROUND_ROBIN, logging_level=None
    )


class TickJob(CronJob):
    """RQ's own cron jobs are enqueued with pickle; ours go through `core.jobs` and its JSON serializer."""

    def enqueue(self, connection: Redis) -> Job:  # noqa: ARG002 - core.jobs has the connection
        """Enqueue one tick."""
        return enqueue(DEFAULT, TICK_JOB)


class Cron(CronScheduler):
    """Enqueues one tick a minute; what is due is decided by the `schedules` table."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection=connection)
        self._cron_jobs.append(TickJob(queue_name=DEFAULT, func=tick, cron="* * * * *"))


def run_cron() -> None:
    """Tick until stopped."""
    registry().call("startup", processes=["cron"])
    ensure_schedules()
    Cron(client()).start()  # type: ignore[no-untyped-call]
