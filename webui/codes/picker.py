"""Choosing a live event: a short list to pick from, narrowed by typing."""

from __future__ import annotations

from core.accounts.api import Actor
from core.catalog.api import LiveEventView, get_live_events, list_live_events

SHOWN = 8
FILTER_SHOWN = 100
MAX_SEARCH = 100


def options(actor: Actor, search: str, chosen: str = "") -> list[LiveEventView]:
    """Return the next live events that match; the chosen one always comes first."""
    found = list_live_events(actor, search=search.strip()[:MAX_SEARCH], upcoming=True, limit=SHOWN).items
    return _first(actor, found, chosen)


def _mine(actor: Actor, external_id: str) -> list[LiveEventView]:
    """Return the live event with this id when the actor may see it, else nothing."""
    found = get_live_events(actor.tenant_id, [external_id])
    return [event for event in found if actor.organizer_id in {None, event.organizer_id}]


def for_filter(actor: Actor, chosen: str = "") -> list[LiveEventView]:
    """Return the next live events for a filter's list; the chosen one is always among them."""
    found = list_live_events(actor, upcoming=True, limit=FILTER_SHOWN).items
    known = not chosen or any(event.external_id == chosen for event in found)
    return found if known else _first(actor, found, chosen)


def _first(actor: Actor, found: list[LiveEventView], chosen: str) -> list[LiveEventView]:
    picked = _mine(actor, chosen) if chosen else []
    return [*picked, *(event for event in found if event.external_id != chosen)]
