"""The navigation: our own pages, what plugins add, and the pages of the account menu."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from flask import current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

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
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading; the first section has none."""

    heading: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One of our own pages; ``permission`` is what one needs to see it, empty for everybody who is signed in."""

    heading: str
    label: str
    endpoint: str
    permission: str
    icon: str


PAGES = (
    PageEntry("", later("Overview"), "overview.show", "view_deliveries", icon="home"),
    PageEntry("", later("Live events"), "live_events.show_list", "view_events", icon="calendar-event"),
    PageEntry("", later("Catalogue"), "catalog.show_start", "view_events", icon="list-details"),
    PageEntry("", later("Orders"), "order_pages.show_list", "view_orders", icon="receipt"),
    PageEntry("", later("Persons"), "person_pages.show_list", "view_persons", icon="address-book"),
    PageEntry(later("Measure"), later("Tracking codes"), "codes.show_list", "manage_tracking_codes", icon="code"),
    PageEntry(later("Measure"), later("Deliveries"), "deliveries.show_list", "view_deliveries", icon="send"),
    PageEntry(later("Measure"), later("Event collection"), "collection.show_health", "view_collection", icon="eye"),
    PageEntry(later("Account"), later("Connections"), "connections.show_list", "manage_connections", icon="plug"),
    PageEntry(later("Account"), later("People"), "people.show_list", "manage_users", icon="users"),
    PageEntry(later("Account"), later("Roles and permissions"), "roles.show", "admin", icon="lock"),
    PageEntry(later("Account"), later("Sites"), "sites.show_list", "admin", icon="world"),
    PageEntry(later("Account"), later("Payments"), "payment_pages.show_list", "admin", icon="receipt"),
    PageEntry(later("Account"), later("Keys"), "keys.show_list", "manage_keys", icon="key"),
    PageEntry(later("Account"), later("Audit log"), "audit.show_list", "admin", icon="history"),
)
"""The sidebar, in order; a page whose endpoint this installation lacks is left out."""
DEMO_PAGES = (PageEntry(later("Account"), later("Mail"), "mail.show_list", "manage_connections", icon="mail"),)
ACCOUNT_PAGES = (PageEntry("", later("Your account"), "account.show", "", icon="user"),)
"""Pages about the signed-in person, in the menu under their name."""


def sections() -> list[Section]:
    """Return the sidebar of the signed-in person."""
    grouped: dict[str, list[Link]] = {}
    for entry in PAGES + (DEMO_PAGES if settings().demo else ()):
        if _shown(entry):
            grouped.setdefault(str(entry.heading), []).append(_link(entry))
    for item in chain.from_iterable(registry().call("navigation_items", read=_entries)):
        link = Link(_(item.label), item.path, request.path == item.path)
        grouped.setdefault(_(item.section) if item.section else _("More"), []).append(link)
    return [Section(heading, tuple(links)) for heading, links in grouped.items()]


def account_links() -> list[Link]:
    """Return the entries of the menu under the person's name."""
    return [_link(entry) for entry in ACCOUNT_PAGES if _shown(entry)]


def _link(entry: PageEntry) -> Link:
    here = (request.blueprint or "") == entry.endpoint.partition(".")[0]
    return Link(str(entry.label), url_for(entry.endpoint), here, entry.icon)


def _shown(entry: PageEntry) -> bool:
    if entry.endpoint not in current_app.view_functions:
        return False
    # What administrators do concerns the whole marketplace, and persons are its own.
    whole = (
        entry.permission not in {"admin", "view_collection", "view_persons"}
        or session.profile().actor.organizer_id is None
    )
    return whole and (not entry.permission or session.may(entry.permission))


def _entries(answer: Iterable[NavigationItem]) -> list[NavigationItem]:
    """Keep entries that lead to this server; a plugin cannot send people elsewhere from here."""
    return [item for item in answer if session.safe_next(item.path) and item.label]
