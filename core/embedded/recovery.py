"""Notices a PostgreSQL that waits for a recovery process it no longer has."""

from __future__ import annotations

import time

from core.embedded.child import children_of

# One of the two is there except for moments: the first recovers, the second writes once that is done.
_RECOVERING, _RUNNING = ": startup", ": walwriter"
# Seen in both states, and what a server that waits for ever has left.
_WITNESS = ": checkpointer"
_CHECK_SECONDS = 1.0


class RecoveryWatch:
    """Says when nothing recovers and nothing runs for longer than `patience` seconds.

    PostgreSQL reinitialises itself when one of its processes is killed. When the process that does it is killed, too
    (seen with version 18), the server stays: it refuses every connection as «in recovery mode» and starts nothing.
    While it ends processes by itself the same holds, for at most five seconds.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._checked_at = 0.0
        self._since: float | None = None

    def is_stuck(self, pid: int) -> bool:
        """Look at the children of server `pid`, at most once a second."""
        now = time.monotonic()
        if now - self._checked_at < min(_CHECK_SECONDS, self._patience):
            return False
        self._checked_at = now
        titles = [line for line in children_of(pid).values() if line.startswith("postgres: ")]
        at_work = any(part in line for line in titles for part in (_RECOVERING, _RUNNING))
        if at_work or not any(_WITNESS in line for line in titles):
            self._since = None
            return False
        self._since = self._since or now
        return now - self._since >= self._patience

    def forget(self) -> None:
        """Begin anew, with another server process."""
        self._since = None
