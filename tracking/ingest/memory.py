"""How a process that stores events for months uses memory: there are no cycles to search its batches for."""

from __future__ import annotations

import gc

NEW_OBJECTS = 200_000
"""More than a batch makes; what it makes is freed without the collector's help."""


def settle() -> None:
    """Leave what is loaded by now out of every later search for cycles, and search rarely. Call it once, at start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
