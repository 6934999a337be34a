"""Keeps what a long-lived process holds in memory small: few arenas, nothing of its start left over."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

M_ARENA_MAX = -8
ARENAS = 2


def few_arenas() -> None:
    """Let threads share arenas (GNU): with one each, what one request needed is kept as often as there are threads."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def settle() -> None:
    """Give back what starting needed, and leave what stays out of every later collection."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
