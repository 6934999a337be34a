"""The worker: fair to every queue, whatever one of them has to do."""

from __future__ import annotations

import pytest

from core.jobs import CONVERSIONS, DEFAULT, enqueue
from core.valkey import client
from server.worker import run_worker

ran: list[str] = []


def note(name: str, again: int = 0) -> None:
    """A job that leaves a trace, and comes back some times."""
    ran.append(name)
    if again:
        enqueue(CONVERSIONS, f"{__name__}.note", name, again - 1)


@pytest.fixture(autouse=True)
def empty_valkey(database: str) -> None:
    client().flushdb()
    ran.clear()


def test_a_busy_queue_does_not_starve_the_others() -> None:
    enqueue(CONVERSIONS, f"{__name__}.note", "conversions", 10)
    enqueue(DEFAULT, f"{__name__}.note", "default")
    run_worker((), burst=True)
    assert ran.count("conversions") == 11
    assert ran.index("default") <= 2
