"""How processes end: SIGTERM and SIGINT as an event that loops can wait on, and children that go with their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from types import FrameType

PR_SET_PDEATHSIG = 1


def stop_event() -> threading.Event:
    """An event that is set by SIGTERM, SIGINT or SIGHUP."""
    event = threading.Event()

    def _set(_number: int, _frame: FrameType | None) -> None:
        event.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _set)
    return event


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends in whatever way, where it can (Linux).

    For children that a library starts: one whose parent was killed would hold its port or its lock for ever. No gentler
    signal will do: until the library has made the child's own handlers, the parent's take it, and do nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it ended before this was asked for
            os.kill(os.getpid(), signal.SIGKILL)
