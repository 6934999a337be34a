"""Which marketplace the demo shop belongs to, and what its pages tell the browser SDK."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import g, render_template

from core.accounts.api import find_site, tenant_view, tenant_with_slug, write_key_of
from core.catalog.api import LiveEventView
from core.codes.api import tracking_config_for_cart

DEMO_SLUG = "scena"
CONFIG = "/api/marketplace-client"
CONSENT_TEMPLATE = "demo/consent.html"


@dataclass(frozen=True, slots=True)
class Shop:
    """The marketplace whose tickets the demo sells."""

    tenant_id: int
    name: str
    zone: ZoneInfo
    write_key: str


def shop() -> Shop:
    """Return the demo marketplace; raises `NotFoundError` before it was seeded."""
    if "shop" not in g:
        tenant = tenant_view(tenant_with_slug(DEMO_SLUG))
        g.shop = Shop(tenant.id, tenant.name, ZoneInfo(tenant.time_zone), write_key_of(tenant.id))
    value: Shop = g.shop
    return value


def site_config() -> str:
    """Address of the config of pages that are about no live event."""
    return _address("/site/tracking-config")


def event_config(event: LiveEventView) -> str:
    """Address of the config of a live event's page."""
    return _address(f"/events/{event.slug}/tracking-config")


def cart_config(live_event_ids: Collection[str]) -> str | dict[str, Any]:
    """The config of cart, checkout and thank-you pages, whose items may be of several organisers.

    The page brings it along: its address would have to be asked with the cart as a body.
    """
    site = find_site(shop().write_key)
    return tracking_config_for_cart(site, live_event_ids) if site and live_event_ids else site_config()


def _address(path: str) -> str:
    return f"{CONFIG}{path}?{urlencode({'key': shop().write_key})}"


def consent_copy_hash() -> str:
    """Return the hash of the banner as this visitor reads it: the ledger tells what exactly somebody agreed to."""
    return hashlib.sha256(render_template(CONSENT_TEMPLATE).encode()).hexdigest()[:32]


def page_data(page_type: str, config: str | dict[str, Any], **events: Any) -> dict[str, Any]:
    """Return what the page's script reads: how to start the SDK, and the events that just happened."""
    sdk = {"key": shop().write_key, "endpoint": "/api/tx", "config": config, "pageType": page_type}
    return {"sdk": sdk, "copyHash": consent_copy_hash(), **{name: value for name, value in events.items() if value}}
