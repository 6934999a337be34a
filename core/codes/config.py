"""The tracking configuration of a page, cached."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from core.accounts.api import SiteKey
from core.codes.cache import KEEP_SECONDS, ConfigCache, Entry
from core.codes.document import build_document
from core.codes.pages import CartPage, EventPage, OrganizerPage, Page, SitePage

_cache = ConfigCache()


def serve(site: SiteKey, page: Page, cache: ConfigCache = _cache) -> Entry:
    """Return a page's configuration as bytes with its entity tag.

    Raises `NotFoundError` for an unknown page, `UnavailableError` when the database is away and no copy is left.
    """
    # Anybody may make up carts: their copies must not fill the memory that events wait in.
    keep = 0 if isinstance(page, CartPage) else KEEP_SECONDS
    return cache.get(
        site.tenant_id, f"{site.site_pk}:{page.name}", lambda: build_document(site, page), keep_seconds=keep
    )


def forget_configs() -> None:
    """Drop the configurations remembered in this process; the ones in Valkey stay."""
    _cache.forget()


def tracking_config_for_event(site: SiteKey, slug: str) -> dict[str, Any]:
    """Return the configuration of a live event's page; raises as `serve`."""
    return _document(serve(site, EventPage(slug)))


def tracking_config_for_organizer(site: SiteKey, slug: str) -> dict[str, Any]:
    """Return the configuration of an organiser's profile page; raises as `serve`."""
    return _document(serve(site, OrganizerPage(slug)))


def tracking_config_for_site(site: SiteKey) -> dict[str, Any]:
    """Return the configuration of any other page; raises as `serve`."""
    return _document(serve(site, SitePage()))


def tracking_config_for_cart(site: SiteKey, live_event_ids: Collection[str]) -> dict[str, Any]:
    """Return the configuration of cart, checkout and thank-you pages; unknown live events are left out."""
    return _document(serve(site, CartPage(frozenset(live_event_ids))))


def _document(entry: Entry) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(entry.body)
    return document
