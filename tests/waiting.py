"""Waiting for something that happens in another process, with a deadline instead of a nap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Who asks all the time takes the processor from those it waits for.
FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2


def until(probe: Callable[[], T | None], *, seconds: float = 30.0, what: str = "the condition") -> T:
    """Return the first true answer of ``probe``; fails naming ``what`` when the deadline passes."""
    deadline, step = time.monotonic() + seconds, FIRST_PAUSE
    pause = threading.Event()
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} s; last answer: {answer!r}")
        pause.wait(step)
        step = min(step * 1.3, LONGEST_PAUSE)
