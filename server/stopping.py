"""Turning SIGTERM and SIGINT into an event that loops can wait on."""

from __future__ import annotations

import signal
import threading
from types import FrameType


def stop_event() -> threading.Event:
    """An event that is set by SIGTERM, SIGINT or SIGHUP."""
    event = threading.Event()

    def _set(_number: int, _frame: FrameType | None) -> None:
        event.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _set)
    return event
