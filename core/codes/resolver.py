"""Which tracking codes belong on a page, and why: pure functions over a tenant's codes.

Per organiser and provider the live event's own code wins over the organiser's default. A disabled code that wins means
«none here», not «fall back». The marketplace's own codes are added to every page. Of codes with the same destination
(provider, public id) one remains: the marketplace's, because it sees the whole order, else the widest one of each
organiser. Two organisers never become one: public ids stand on pages for everybody to copy, and who enters another's
must neither learn what it sells nor speak for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Level = Literal["marketplace", "organizer", "live_event"]
Reason = Literal["live_event_code", "organizer_default", "marketplace_code"]

_WIDEST_FIRST: dict[Level, int] = {"marketplace": 0, "organizer": 1, "live_event": 2}
_REASONS: dict[Level, Reason] = {
    "marketplace": "marketplace_code",
    "organizer": "organizer_default",
    "live_event": "live_event_code",
}


def level_of(organizer_id: int | None, live_event_id: int | None) -> Level:
    """How wide a code reaches."""
    if organizer_id is None:
        return "marketplace"
    return "organizer" if live_event_id is None else "live_event"


@dataclass(frozen=True, slots=True)
class ResolvableCode:
    """A tracking code as the resolver and delivery need it; ids are primary keys, ``settings`` hold no secret.

    ``conversion_events`` are the canonical events it may fire, ``purpose`` the consent it needs. Without
    ``connection_id`` it works in browsers only.
    """

    id: int
    provider: str
    public_id: str
    enabled: bool
    organizer_id: int | None = None
    live_event_id: int | None = None
    connection_id: int | None = None
    purpose: str = "marketing"
    conversion_events: tuple[str, ...] = ()
    organizer_external_id: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    custom_params: Mapping[str, str | int | bool] = field(default_factory=dict, hash=False)

    @property
    def level(self) -> Level:
        """How wide the code reaches."""
        return level_of(self.organizer_id, self.live_event_id)

    @property
    def destination(self) -> tuple[str, str]:
        """Where its events arrive."""
        return self.provider, self.public_id


@dataclass(frozen=True, slots=True)
class Place:
    """What a page is about: a live event (with its organiser), an organiser, or neither."""

    organizer_id: int | None = None
    live_event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """A code that belongs on the page; ``overrides`` would have applied without it.

    ``places`` are the ones it speaks for, those of its owner's codes that collapsed into it among them; a marketplace
    code speaks for the page as a whole and has none.
    """

    code: ResolvableCode
    won_because: Reason
    overrides: tuple[ResolvableCode, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class OptOut:
    """A disabled code that won for ``places``: its platform gets nothing there from this organiser."""

    code: ResolvableCode
    won_because: Reason
    overrides: tuple[ResolvableCode, ...] = ()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Collapsed:
    """A code left out because ``into`` sends to the same destination already."""

    code: ResolvableCode
    into: ResolvableCode


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything the resolver found out about a page."""

    resolutions: tuple[Resolution, ...]
    opt_outs: tuple[OptOut, ...]
    collapsed: tuple[Collapsed, ...]


def resolve(
    codes: Iterable[ResolvableCode], *, organizer_id: int | None = None, live_event_id: int | None = None
) -> list[Resolution]:
    """Return the codes of one page: of a live event, of an organiser (no live event), or any other (neither)."""
    return list(decide(codes, [Place(organizer_id, live_event_id)]).resolutions)


def resolve_cart(codes: Iterable[ResolvableCode], places: Sequence[Place]) -> list[Resolution]:
    """Return the codes of a cart or order with live events of several organisers."""
    return list(decide(codes, places).resolutions)


def decide(codes: Iterable[ResolvableCode], places: Sequence[Place]) -> Decision:
    """Resolve and explain; the order of the result does not depend on the order of ``codes``."""
    known = sorted(codes, key=lambda code: code.id)
    winners: dict[int, Resolution] = {
        code.id: Resolution(code, _REASONS["marketplace"]) for code in known if code.level == "marketplace"
    }
    for place in dict.fromkeys(places):
        for winner in _winners_at(place, known):
            earlier = winners.get(winner.code.id)
            winners[winner.code.id] = replace(earlier, places=earlier.places + winner.places) if earlier else winner
    ordered = sorted(winners.values(), key=_by_destination_then_width)
    resolutions, collapsed = _one_for_each_destination([item for item in ordered if item.code.enabled])
    opt_outs = tuple(
        OptOut(item.code, item.won_because, item.overrides, item.places) for item in ordered if not item.code.enabled
    )
    return Decision(resolutions, opt_outs, collapsed)


def _one_for_each_destination(
    widest_first: Iterable[Resolution],
) -> tuple[tuple[Resolution, ...], tuple[Collapsed, ...]]:
    kept: dict[tuple[tuple[str, str], int | None], Resolution] = {}
    collapsed = []
    for item in widest_first:
        whole, own = (item.code.destination, None), (item.code.destination, item.code.organizer_id)
        first = kept.get(whole) or kept.get(own)
        if first is None:
            kept[own] = item
            continue
        collapsed.append(Collapsed(item.code, first.code))
        if first.code.organizer_id is not None:
            kept[own] = replace(first, places=first.places + item.places)
    return tuple(kept.values()), tuple(collapsed)


def _winners_at(place: Place, codes: Sequence[ResolvableCode]) -> Iterable[Resolution]:
    if place.organizer_id is None:
        return
    candidates: dict[str, list[ResolvableCode]] = {}
    for code in codes:
        if code.organizer_id == place.organizer_id and code.live_event_id in {None, place.live_event_id}:
            candidates.setdefault(code.provider, []).append(code)
    for rivals in candidates.values():
        rivals.sort(key=lambda code: _WIDEST_FIRST[code.level], reverse=True)
        winner, *beaten = rivals
        yield Resolution(winner, _REASONS[winner.level], tuple(beaten), (place,))


def _by_destination_then_width(item: Resolution) -> tuple[str, int, int]:
    return item.code.provider, _WIDEST_FIRST[item.code.level], item.code.id
