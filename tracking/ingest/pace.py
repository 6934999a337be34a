"""How much one take may hold, so that whatever comes next does not wait for long, also on a slow machine."""

from __future__ import annotations

MOST, LEAST = 2_000, 200
LONGEST_SECONDS = 0.4
TELLING = 100
"""Fewer events say nothing about how fast many are."""


class Pace:
    """Learns from each transaction how many events fit into a part of a second."""

    def __init__(self) -> None:
        self.events = MOST

    def note(self, events: int, seconds: float) -> None:
        """A transaction stored so many events in so many seconds."""
        if events >= TELLING and seconds > 0:
            self.events = min(MOST, max(LEAST, int(events / seconds * LONGEST_SECONDS)))
