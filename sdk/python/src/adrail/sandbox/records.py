"""The memory of what was received, bounded by number and bytes."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime

from adrail.sandbox.messages import SandboxRequest, SandboxResponse

MAX_RECORDS = 20_000
MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One request with what came of it; ``response`` is None when the connection was cut instead."""

    id: int
    platform: str
    request: SandboxRequest
    response: SandboxResponse | None
    verdict: str


class RequestLog:
    """Requests in the order they were answered; the oldest go first when the bounds are reached."""

    def __init__(self, max_records: int = MAX_RECORDS, max_bytes: int = MAX_BYTES) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._last_id = 0
        self._totals: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, platform: str, request: SandboxRequest, response: SandboxResponse | None, verdict: str) -> None:
        """Keep one exchange."""
        with self._lock:
            self._last_id += 1
            self._records.append(Record(self._last_id, platform, request, response, verdict))
            self._bytes += len(request.body)
            self._totals[platform] += 1
            while len(self._records) > self._max_records or self._bytes > self._max_bytes:
                self._bytes -= len(self._records.popleft().request.body)

    def select(self, platform: str = "", since: int | datetime = 0, limit: int | None = None) -> list[Record]:
        """Return records, newest last: all newer than ``since`` (an id or a time), or the newest ``limit`` of them."""
        with self._lock:
            snapshot = list(self._records)
        found = [item for item in snapshot if platform in ("", item.platform) and _newer(item, since)]
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def totals(self) -> dict[str, int]:
        """Return how many requests each platform received since the last reset."""
        with self._lock:
            return dict(self._totals)

    def clear(self) -> None:
        """Forget everything; ids go on, so that a reader's ``since`` stays valid."""
        with self._lock:
            self._records.clear()
            self._totals.clear()
            self._bytes = 0


def _newer(record: Record, since: int | datetime) -> bool:
    return record.request.received_at > since if isinstance(since, datetime) else record.id > since
