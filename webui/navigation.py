"""The navigation: our own pages and what plugins add."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from flask import request, url_for

from adrail.hookspecs import NavigationItem
from core.config import settings
from core.registry import registry
from webui import session


@dataclass(frozen=True, slots=True)
class Link:
    """One entry; ``current`` marks the page that is open."""

    label: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading; the first section has none."""

    heading: str
    links: tuple[Link, ...]


PAGES = (
    ("", "Overview", "overview.show", "view_deliveries"),
    ("", "Live events", "live_events.show_list", "view_events"),
    ("Measure", "Tracking codes", "codes.show_list", "manage_tracking_codes"),
    ("Measure", "Deliveries", "deliveries.show_list", "view_deliveries"),
    ("Account", "Connections", "connections.show_list", "manage_connections"),
    ("Account", "Sites and keys", "sites.show_list", "admin"),
)
"""Our own pages: heading, label, endpoint, and the permission one needs to see them."""
DEMO_PAGES = (("Account", "Mail", "mail.show_list", "manage_connections"),)


def sections() -> list[Section]:
    """Return the navigation of the signed-in person."""
    grouped: dict[str, list[Link]] = {}
    for heading, label, endpoint, permission in PAGES + (DEMO_PAGES if settings().demo else ()):
        if _shown(permission):
            here = (request.blueprint or "") == endpoint.partition(".")[0]
            grouped.setdefault(heading, []).append(Link(label, url_for(endpoint), here))
    for item in chain.from_iterable(registry().call("navigation_items", read=_entries)):
        link = Link(item.label, item.path, request.path == item.path)
        grouped.setdefault(item.section or "More", []).append(link)
    return [Section(heading, tuple(links)) for heading, links in grouped.items()]


def _shown(permission: str) -> bool:
    # What administrators do concerns the whole marketplace.
    return session.may(permission) and (permission != "admin" or session.profile().actor.organizer_id is None)


def _entries(answer: Iterable[NavigationItem]) -> list[NavigationItem]:
    """Keep entries that lead to this server; a plugin cannot send people elsewhere from here."""
    return [item for item in answer if session.safe_next(item.path) and item.label]
