"""The RQ worker and the cron that ticks once a minute."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from rq import SimpleWorker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import SchedulerNotFound
from rq.job import Job
from rq.scheduler import RQScheduler
from rq.scripts import release_lock
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy

from core.jobs import CONVERSIONS, DEFAULT, QUEUES, enqueue, queue
from core.registry import registry
from core.schedules import ensure_schedules, tick
from core.valkey import client, mark
from server.stopping import end_with

TICK_JOB = "core.schedules.tick"
RECOVER_JOB = "core.delivery.jobs.recover"
# A timer gives a sign of life every second; clocks of two machines may differ by some.
SILENT = timedelta(seconds=30)


class Worker(SimpleWorker):
    """Runs jobs in its own process.

    Forking per job would cost 30 ms each and break vendor SDKs whose channels do not survive a fork; a job that
    crashes the process costs its lease, and the supervisor starts the worker again.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            [queue(name) for name in names],
            name=mark(),  # RQ gives it to a connection as well, which must go on telling whose it is
            connection=client(),
            serializer=JSONSerializer,
            # Also how soon a worker takes over the timers of one that was killed; RQ's own 10 minutes are too long.
            maintenance_interval=15,
        )

    def run_maintenance_tasks(self) -> None:
        """Besides RQ's own tasks, end the turn of a timer process that was killed."""
        free_dead_timers(self.connection, self.queue_names())
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]


def free_dead_timers(connection: Redis, queue_names: Iterable[str]) -> None:
    """Free the locks of timer processes that ended without doing so; RQ would leave retries lying for a minute.

    One of this machine is dead when there is no such process, one of another machine when it has been silent.
    """
    for name in queue_names:
        key = RQScheduler.get_locking_key(name)
        owner = connection.get(key)
        if isinstance(owner, bytes) and _is_dead(connection, owner.decode()):
            release_lock(connection, key, owner.decode())


def _is_dead(connection: Redis, timer: str) -> bool:
    try:
        found = RQScheduler.fetch(timer, connection)
    except SchedulerNotFound:  # it has the lock and is about to write who it is, or it died in between: let it expire
        return False
    beat = found.last_heartbeat
    if found.hostname == socket.gethostname() and not _runs(found.pid):
        return True
    return beat is not None and datetime.now(UTC) - beat > SILENT


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def run_worker(names: tuple[str, ...], *, burst: bool = False) -> None:
    """Work until stopped (``burst``: until the queues are empty); one worker also moves due retries to the queues.

    The queues take turns: a platform that is away for hours must not keep sweeps, partitions and mails from running.
    """
    registry().call("startup", processes=["worker"])
    if not burst:
        os.register_at_fork(after_in_child=functools.partial(end_with, os.getpid()))  # RQ forks its timer
        free_dead_timers(client(), names or QUEUES)
        enqueue(CONVERSIONS, RECOVER_JOB)
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
