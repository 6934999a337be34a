"""What goes wrong, and when: drawn from a seed before anything starts, so that a run can be repeated."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import redis

from tests.chaos.books import Books
from tests.chaos.clock import jump
from tests.chaos.processes import (
    BACKEND,
    CRON,
    INGEST,
    POSTGRES,
    RELAY,
    SUPERVISOR,
    TIMER,
    VALKEY,
    WEB,
    WEB_WORKER,
    WORKER,
)
from tests.chaos.rail import Rail

ALONE = (WEB, WEB_WORKER, INGEST, RELAY, WORKER, TIMER, CRON, VALKEY, POSTGRES, BACKEND)
FAULTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("http_500", {}),
    ("html_502", {}),
    ("reset", {}),
    ("slow", {"seconds": 0.5}),
    ("transient", {}),
    ("throttle", {"minutes": 1}),
    ("throttle", {}),
    ("expired_token", {}),
    ("permission", {}),
    ("invalid_event", {"index": 0}),
    ("invalid_event", {"blame": False}),
)
# The platform takes the events and answers when nobody listens any more; it holds a worker up for its whole time-out.
AMBIGUOUS = ("timeout_after", {"seconds": 25})
CALLS_A_VISIT = 3
FALLS = ((SUPERVISOR,), (SUPERVISOR, *ALONE), (SUPERVISOR, WEB, WORKER))


@dataclass(frozen=True, slots=True)
class Kill:
    """These end at once, by `kill -9`."""

    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """The platforms play this for the next requests."""

    kind: str
    count: int
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Jump:
    """All clocks are set ahead, or back."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Blow:
    """Something that happens ``delay`` seconds after the visitors' ``after``-th call."""

    after: int
    delay: float
    what: Kill | Fault | Jump


def plan(seed: int, visits: int, *, falls: int = 0, ambiguous: int = 0) -> list[Blow]:
    """Draw the blows of a seed, in order; ``falls`` is how often the whole installation goes down.

    Some come after the visitors' last call, while what they left is still on its way.
    """
    chance = random.Random(f"blows/{seed}")
    what: list[Kill | Fault | Jump] = [Kill(_victims(chance)) for _ in range(3 + visits // 10)]
    what += [_fault(chance) for _ in range(2 + visits // 12)]
    what += [Fault(AMBIGUOUS[0], 1, AMBIGUOUS[1])] * ambiguous
    what += [
        Kill(chance.choice(((SUPERVISOR,), (SUPERVISOR, *ALONE), (SUPERVISOR, WEB, WORKER)))) for _ in range(falls)
    ]
    what += [Jump(chance.choice((-60, -3, 1, 3, 60))) for _ in range(1 + visits // 50)]
    calls = round(visits * CALLS_A_VISIT * 1.15)
    # Half of them come while what the call set off is still being worked on.
    blows = [Blow(chance.randint(1, calls), chance.uniform(0, chance.choice((0.015, 0.1))), item) for item in what]
    return sorted(blows, key=lambda blow: (blow.after, blow.delay))


def _victims(chance: random.Random) -> tuple[str, ...]:
    if chance.random() < 0.6:
        return (chance.choice(ALONE),)
    if chance.random() < 0.8:
        return tuple(chance.sample(ALONE, chance.randint(2, 4)))
    return ALONE


def _fault(chance: random.Random) -> Fault:
    kind, params = chance.choice(FAULTS)
    return Fault(kind, chance.randint(1, 3), params)


class Adversary:
    """Strikes as planned while visitors are busy; ``busy`` is cleared when they have left."""

    def __init__(self, rail: Rail, books: Books, blows: list[Blow]) -> None:
        self._rail = rail
        self._books = books
        self._blows = blows
        self._gone = threading.Event()

    def visitors_left(self) -> None:
        """Nobody calls any more: what is still planned follows at once."""
        self._gone.set()

    def run(self) -> None:
        """Return when all blows are dealt."""
        for blow in self._blows:
            while not self._gone.is_set() and not self._books.wait_for_call(blow.after, 0.2):
                pass
            threading.Event().wait(blow.delay)
            self._strike(blow.what)

    def _strike(self, what: Kill | Fault | Jump) -> None:
        match what:
            case Fault(kind=kind, count=count, params=params):
                for platform in self._rail.platforms.host.sandboxes:
                    wish = {"platform": platform, "kind": kind, "count": count, "params": dict(params)}
                    if kind in self._rail.fault_kinds(platform):
                        self._rail.platforms.host.faults.arm(wish)
            case Jump(minutes=minutes):
                with contextlib.suppress(psycopg.OperationalError, redis.RedisError):  # nobody there has a clock now
                    jump(self._rail, timedelta(minutes=minutes))
            case Kill(roles=roles):
                self._rail.kill(*roles)
                if SUPERVISOR in roles:
                    self._rail.restart()


def describe(blow: Blow) -> str:
    """One line about a blow."""
    match blow.what:
        case Kill(roles=roles):
            text = f"kill {', '.join(roles)}"
        case Jump(minutes=minutes):
            text = f"set the clock by {minutes:+d} minutes"
        case Fault(kind=kind, count=count, params=params):
            text = f"{count} times {kind} {dict(params) or ''}"
    return f"after call {blow.after}: {text.rstrip()}"
