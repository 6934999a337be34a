"""What the visitors' side knows: what it sent, and what it was promised."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Visit:
    """One visitor on the way to an order. ``sold`` maps live event → organiser (external ids)."""

    visitor: str
    session: str
    order: str
    sold: dict[str, str]
    gross: str
    currency: str
    placed_at: str
    event_ids: dict[str, str]
    """Whom the purchase's id is for (`*` or an organiser) → id, by the published rule."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One web event."""

    id: str
    name: str
    live_event: str
    visit: Visit


class Books:
    """Kept by all visitors together; safe to use from many threads."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.sent: dict[str, SentEvent] = {}
        self.acknowledged: set[str] = set()
        self.orders_sent: dict[str, Visit] = {}
        self.orders_acknowledged: set[str] = set()
        self.answers: Counter[str] = Counter()
        self.complaints: list[str] = []
        self._calls = 0
        self._moved = threading.Condition()

    def enter(self, visit: Visit) -> None:
        """A visitor comes."""
        with self._moved:
            self.visits.append(visit)

    def send(self, events: list[SentEvent]) -> None:
        """Events are about to leave; from now on they may arrive."""
        with self._moved:
            self.sent.update((event.id, event) for event in events)

    def acknowledge(self, events: list[SentEvent]) -> None:
        """The collector has promised to keep these."""
        with self._moved:
            self.acknowledged.update(event.id for event in events)

    def send_order(self, visit: Visit) -> None:
        """An order is about to leave."""
        with self._moved:
            self.orders_sent[visit.order] = visit

    def acknowledge_order(self, visit: Visit, event_ids: dict[str, str]) -> None:
        """The server has promised to keep this order."""
        with self._moved:
            if visit.event_ids != event_ids:
                self.complaints.append(f"order {visit.order} was answered with {event_ids}, not {visit.event_ids}")
            self.orders_acknowledged.add(visit.order)

    def complain(self, text: str) -> None:
        """Something happened that no fault excuses."""
        with self._moved:
            self.complaints.append(text)

    def called(self, outcome: Any) -> None:
        """One more call was answered, or failed."""
        with self._moved:
            self._calls += 1
            self.answers[str(outcome)] += 1
            self._moved.notify_all()

    def wait_for_call(self, number: int, seconds: float) -> bool:
        """Wait until so many calls were made; False when that takes too long."""
        with self._moved:
            return self._moved.wait_for(lambda: self._calls >= number, seconds)
