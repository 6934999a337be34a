"""Retries do not lie for a minute because the process that kept their time was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from rq.scheduler import RQScheduler

from core.jobs import CONVERSIONS
from core.valkey import client
from server.worker import Worker, free_dead_timers

LOCK = RQScheduler.get_locking_key(CONVERSIONS)


@pytest.fixture(autouse=True)
def empty_valkey(database: str) -> None:
    client().flushdb()


def timer(pid: int, hostname: str | None = None, silent: float = 0.0) -> RQScheduler:
    """A timer process that has the lock and gave its last sign of life ``silent`` seconds ago."""
    made = RQScheduler([CONVERSIONS], connection=client())
    made.pid, made.hostname = pid, hostname or made.hostname
    made.last_heartbeat = datetime.now(UTC) - timedelta(seconds=silent)
    made.save()
    client().set(LOCK, made.name, ex=60)
    return made


def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("pid", "hostname", "silent", "freed"),
    [
        (os.getpid(), None, 0.0, False),
        (os.getpid(), None, 40.0, True),
        (-1, None, 0.0, True),
        (-1, "elsewhere", 1.0, False),
        (-1, "elsewhere", 40.0, True),
    ],
    ids=["alive", "alive-silent", "dead", "elsewhere", "elsewhere-silent"],
)
def test_the_lock_of_a_dead_timer_is_freed(pid: int, hostname: str | None, silent: float, freed: bool) -> None:
    timer(gone() if pid == -1 else pid, hostname, silent)
    free_dead_timers(client(), [CONVERSIONS])
    assert (client().get(LOCK) is None) is freed


def test_a_timer_that_has_not_said_who_it_is_keeps_its_lock() -> None:
    client().set(LOCK, "just starting", ex=60)
    free_dead_timers(client(), [CONVERSIONS])
    assert client().get(LOCK) == b"just starting"


def test_a_worker_frees_it_in_passing() -> None:
    timer(gone())
    Worker((CONVERSIONS,)).run_maintenance_tasks()
    assert client().get(LOCK) is None
