"""Who a visitor was when: from sign-ins, purchases and sign-outs to stretches of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

CONFIDENCE = {"login": 100, "manual": 100, "order_completed": 90, "scanner": 50}
"""How sure a link of each source is, in percent: who pays may do so on a friend's device, a ticket may be passed on."""

WEAK = frozenset({"scanner"})
"""Sources that tell who somebody is only where nobody else is known: they begin a stretch, and never end one."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A moment at which a visitor became ``person_id``, or nobody when that is None; ``name`` is what it was told."""

    at: datetime
    person_id: int | None
    source: str = "login"
    order_id: str | None = None
    name: str | None = None


@dataclass(slots=True)
class Stretch:
    """The visitor is this person from ``since`` on, before ``until``."""

    person_id: int
    since: datetime
    until: datetime | None = None
    source: str = "login"
    order_id: str | None = None
    name: str | None = None


def stretches(turns: Iterable[Turn], standing: Stretch | None = None) -> list[Stretch]:
    """Return the stretches that follow from ``turns``, oldest first; ``standing`` is the one before them.

    At any moment a visitor is one person at most: on a shared device the new person ends the one before. Each name has
    a stretch of its own, also where two names are one person: they may be told apart again. A stretch that no moment
    belongs to is left out, the standing one never.
    """
    known = [replace(standing, until=None)] if standing else []
    current = known[0] if known else None
    for turn in turns:
        if current is not None and ((current.person_id, current.name) == (turn.person_id, turn.name) or _weak(turn)):
            continue
        if current is not None:
            current.until = turn.at
        current = None
        if turn.person_id is not None:
            current = Stretch(turn.person_id, turn.at, None, turn.source, turn.order_id, turn.name)
            known.append(current)
    return [item for item in known if item.until is None or item.until > item.since]


def _weak(turn: Turn) -> bool:
    return turn.source in WEAK and turn.person_id is not None
