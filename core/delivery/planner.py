"""Which destinations an event goes to and what each may see of it: pure, no database and no clock.

Every line belongs to the codes that the resolver chose for its live event, exactly as on the page where the pixels
fire; the marketplace's own codes see the whole. What must not be sent is planned too, as ``ignored`` with a reason, so
that the ledger adds up. A code that does not want the conversion, or works in browsers only, is no destination and
leaves no trace.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.catalog.api import order_event_id
from core.codes.api import Decision, OptOut, Place, Resolution, ResolvableCode
from core.delivery import reasons
from core.delivery.basket import ORDER_COMPLETED, Basket, Line, read_basket
from core.delivery.stored import StoredEvent

Takes = Callable[[str, str], bool]
"""(provider, canonical) → whether the platform has this conversion at all."""
Decide = Callable[[tuple[Place, ...]], Decision]


@dataclass(frozen=True, slots=True)
class Planned:
    """One destination of one event. ``state`` is ``pending``, or ``ignored`` for ``reason``."""

    code: ResolvableCode
    canonical: str
    platform_event_id: str
    live_event_id: str | None
    state: str
    reason: str | None
    conversion: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Share:
    """What one code may see of the event; ``lines`` None means the whole."""

    code: ResolvableCode
    lines: frozenset[int] | None


def plan_event(
    event: StoredEvent,
    canonical: str,
    *,
    places: Mapping[str, Place],
    decide: Decide,
    takes: Takes,
    namespace: uuid.UUID,
) -> list[Planned]:
    """Return one entry per destination (provider, public id) and owner of the event, in a stable order.

    ``places`` maps live events' external ids to what the resolver knows them by; a line of an unknown live event is
    seen by the marketplace alone.
    """
    basket = read_basket(event)
    where = _where(event, basket, places)
    return [
        _planned(event, canonical, basket, share, namespace)
        for share in _shares(decide(tuple(where)), where)
        if share.code.connection_id is not None
        and canonical in share.code.conversion_events
        and takes(share.code.provider, canonical)
    ]


def _where(event: StoredEvent, basket: Basket, places: Mapping[str, Place]) -> dict[Place, frozenset[int] | None]:
    """Return which lines belong to which place; None for an event without lines."""
    if not basket.lines:
        return {places.get(event.event_entity_id or "", Place()): None}
    found: dict[Place, set[int]] = {}
    for position, line in enumerate(basket.lines):
        found.setdefault(places.get(line.live_event_id, Place()), set()).add(position)
    return {place: frozenset(positions) for place, positions in found.items()}


def _shares(decision: Decision, where: Mapping[Place, frozenset[int] | None]) -> list[_Share]:
    """Return what every code sees. A switched-off one counts where its owner sends nothing to the same destination."""
    sending = {(item.code.destination, item.code.organizer_id) for item in decision.resolutions}
    silent: dict[tuple[tuple[str, str], int | None], OptOut] = {}
    for off in decision.opt_outs:
        own, whole = (off.code.destination, off.code.organizer_id), (off.code.destination, None)
        if sending.isdisjoint({own, whole}):
            wider = silent.get(own)
            silent[own] = replace(wider, places=wider.places + off.places) if wider else off
    chosen: list[Resolution | OptOut] = [*decision.resolutions, *silent.values()]
    return [_share(item.code, item.places, where) for item in chosen]


def _share(code: ResolvableCode, places: Sequence[Place], where: Mapping[Place, frozenset[int] | None]) -> _Share:
    parts = [lines for place in places if (lines := where[place]) is not None]
    return _Share(code, frozenset().union(*parts) if parts and code.organizer_id is not None else None)


def _planned(
    event: StoredEvent,
    canonical: str,
    basket: Basket,
    share: _Share,
    namespace: uuid.UUID,
) -> Planned:
    code, reason = share.code, _refusal(event, share.code)
    own = _own_lines(basket, share)
    live_events = {line.live_event_id for line in own} or {event.event_entity_id or ""}
    return Planned(
        code=code,
        canonical=canonical,
        platform_event_id=_platform_event_id(event, code, namespace),
        live_event_id=(live_events.pop() or None) if len(live_events) == 1 else None,
        state="ignored" if reason else "pending",
        reason=reason,
        conversion=_conversion(event, basket, share),
    )


def _refusal(event: StoredEvent, code: ResolvableCode) -> str | None:
    if event.is_bot:
        return reasons.BOT
    if not code.enabled:
        return reasons.CODE_DISABLED
    return None if event.consent.get(code.purpose) is True else reasons.NO_CONSENT


def _platform_event_id(event: StoredEvent, code: ResolvableCode, namespace: uuid.UUID) -> str:
    if event.event_name != ORDER_COMPLETED or not event.order_id:
        return str(event.event_id)
    return str(order_event_id(namespace, event.order_id, ORDER_COMPLETED, code.organizer_external_id))


def _own_lines(basket: Basket, share: _Share) -> tuple[Line, ...]:
    if share.lines is None:
        return basket.lines
    return tuple(line for position, line in enumerate(basket.lines) if position in share.lines)


def _conversion(event: StoredEvent, basket: Basket, share: _Share) -> dict[str, Any]:
    value = basket.value_of(share.lines)
    url = _page_url(event.context)
    return {
        "action_source": _action_source(event, url),
        "value": None if value is None else format(value, "f"),
        "currency": None if value is None else basket.currency,
        "search_string": event.payload.get("query") or None,
        "source_url": url,
        "items": [line.as_json() for line in _own_lines(basket, share)],
        "click_ids": dict(event.context.get("click_ids") or {}),
        "custom_params": dict(share.code.custom_params),
        "test_code": share.code.settings.get("test_event_code") or None,
    }


def _page_url(context: Mapping[str, Any]) -> str | None:
    page = context.get("page")
    return (page.get("url") if isinstance(page, Mapping) else None) or context.get("url") or None


def _action_source(event: StoredEvent, url: str | None) -> str:
    # An order that a backend reports without any trace of a browser did not happen on a website.
    return "website" if not event.trusted or (url and event.sealed_client) else "system"
