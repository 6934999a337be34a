"""Whose an event is, worked out slowly and event by event from everything that was ever told; no code of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of one visitor: kind is view, in or out. Minutes differ from each other."""

    minute: int
    kind: str
    session: str
    person: str | None = None
    agreed: bool = True


@dataclass(slots=True)
class Story:
    """All that happened with one visitor, and what staff said of it."""

    events: Sequence[Happened]
    by_hand: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def signs_in(self, event: Happened) -> bool:
        """Whether an event tells who the visitor is."""
        return event.kind == "in" and event.agreed and event.person not in self.refused

    def linked(self, minute: int) -> str | None:
        """Who the visitor was: the last one told of, unless they left since."""
        told: list[tuple[int, str | None]] = [
            (event.minute, event.person if event.kind == "in" else None)
            for event in self.events
            if self.signs_in(event) or event.kind == "out"
        ]
        told += [(since, person) for person, since in self.by_hand.items() if person not in self.refused]
        so_far = [(when, person) for when, person in told if when <= minute]
        return max(so_far)[1] if so_far else None

    def moments(self) -> list[int]:
        """Every minute at which anything may have changed."""
        return sorted({*(event.minute for event in self.events), *self.by_hand.values()})

    def owner(self, event: Happened) -> str | None:
        """Whose an event is."""
        if not event.agreed:
            return None
        if event.kind == "in":
            return event.person
        known = {person for minute in self.moments() if (person := self.linked(minute)) is not None}
        if not known:
            return None
        if len(known) == 1:
            still_to_come = [minute for minute in self.moments() if minute >= event.minute]
            return next(iter(known)) if any(self.linked(minute) for minute in still_to_come) else None
        return self.owner_on_a_shared_device(event)

    def owner_on_a_shared_device(self, event: Happened) -> str | None:
        """Whose an event is where several persons were linked with the visitor."""
        visit = [other for other in self.events if other.session == event.session]
        came = {other.person for other in visit if self.signs_in(other)}
        left = {self.linked(other.minute - 1) for other in visit if other.kind == "out"} - {None}
        here, now = came | left, self.linked(event.minute)
        if not here:
            return now
        if len(here) == 1:
            (one,) = here
            if any(self.signs_in(other) and other.minute >= event.minute for other in visit):
                return one
        return now if now in here else None
