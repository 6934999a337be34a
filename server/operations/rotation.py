"""Master-key rotation without downtime: everything sealed under an older key is brought under the first one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.config import parse_master_keys, settings
from core.connections.api import dead_secrets, rewrap_secrets, secret_keys
from core.security.crypto import Keyring, keyring
from core.security.resealing import Progress, SealedColumn, census, reseal, sealed_columns, unreadable
from core.tables import metadata
from tracking.ingest import resealing as streams

# The way that sealed things travel: looking in the same order, nothing slips past.
BEFORE_STREAM = ("tx_sessions", "event_outbox")
WAITING, SET_ASIDE, CONNECTIONS = "waiting events", "events set aside", "connections.secret_ciphertext"
PAUSE_SECONDS, IDLE_ROUNDS = 0.5, 3


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that sealed things are; what ``reseal`` changes is told to its argument."""

    name: str
    census: Callable[[], Counter[str]]
    reseal: Callable[[Progress], object]


@dataclass(slots=True)
class Outcome:
    """``left``: what is still under another key, by place and key id; ``broken``: what does not open, in words."""

    changed: Counter[str] = field(default_factory=Counter)
    sealed: Counter[str] = field(default_factory=Counter)
    left: dict[str, dict[str, int]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether the other keys are needed no more."""
        return not self.left and not self.broken


def places() -> Sequence[Place]:
    """Every place, in the direction in which events travel."""
    columns = sealed_columns(metadata)
    return [
        *(_column(item) for name in BEFORE_STREAM for item in columns if item.table.name == name),
        Place(WAITING, streams.waiting_keys, lambda _: None),
        *(_column(item) for item in columns if item.table.name not in BEFORE_STREAM),
        Place(SET_ASIDE, streams.set_aside_keys, _set_aside),
        Place(CONNECTIONS, secret_keys, rewrap_secrets),
    ]


def census_of_keys() -> Mapping[str, Counter[str]]:
    """Place → key id → how much it sealed there."""
    return {place.name: place.census() for place in places()}


def rotate(progress: Progress = lambda _: None, *, patience: float = 60.0) -> Outcome:
    """Bring everything under the first master key; may run while everything else does, and again after a failure.

    Events that wait to be stored are waited for, at most ``patience`` seconds.
    """
    outcome, deadline, idle = Outcome(), time.monotonic() + patience, 0
    while True:
        before = outcome.changed.total()
        for place in places():
            place.reseal(_counting(outcome, place, progress))
        _take_stock(outcome)
        # Waiting for events is no idling: once they are stored, what they brought has its rounds before it.
        waits = WAITING in outcome.left
        idle = 0 if waits or outcome.changed.total() > before else idle + 1
        if _settled(outcome, idle) or time.monotonic() > deadline:
            break
        time.sleep(PAUSE_SECONDS if outcome.left else 0)
    outcome.broken = _broken()
    return outcome


def _take_stock(outcome: Outcome) -> None:
    everything = census_of_keys()
    outcome.sealed = Counter({name: counts.total() for name, counts in everything.items()})
    outcome.left = {name: others for name, counts in everything.items() if (others := _others(counts))}


def _settled(outcome: Outcome, idle: int) -> bool:
    """Whether another round would be in vain; ``idle`` counts the last rounds that changed nothing."""
    if not outcome.left:
        # One round that found nothing anywhere proves that nothing was on its way between two places.
        return idle >= 1
    return WAITING not in outcome.left and idle >= IDLE_ROUNDS


def _counting(outcome: Outcome, place: Place, progress: Progress) -> Progress:
    def count(changed: int) -> None:
        outcome.changed[place.name] += changed
        progress(changed)

    return count


def _column(item: SealedColumn) -> Place:
    return Place(item.name, lambda: census(item), lambda progress: reseal(item, keyring(), progress))


def _set_aside(progress: Progress) -> None:
    progress(streams.reseal_set_aside(keyring())[0])


def _others(counts: Counter[str]) -> dict[str, int]:
    return {key: count for key, count in sorted(counts.items()) if key != keyring().current}


def _broken() -> list[str]:
    """What the first key alone does not open, of the things that other things hang on."""
    key_id, key = next(iter(parse_master_keys(settings().master_keys.get_secret_value()).items()))
    alone = Keyring({key_id: key})
    columns = [item for item in sealed_columns(metadata) if item.purpose == "data-key"]
    found = [f"{item.name} of row {row}" for item in columns for row in unreadable(item, alone)]
    return found + [f"the secret of connection {number}" for number in dead_secrets()]
