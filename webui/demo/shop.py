"""Which marketplace the demo shop belongs to, and what its pages tell the browser SDK."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import g

from core.accounts.api import tenant_view, tenant_with_slug, write_key_of
from core.catalog.api import LiveEventView

DEMO_SLUG = "scena"
CONFIG = "/api/marketplace-client"


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


def sdk_settings(page_type: str, config: str) -> dict[str, str]:
    """Return what the page passes to `adrail.init`, except the nonce."""
    key = shop().write_key
    separator = "&" if "?" in config else "?"
    return {
        "key": key,
        "endpoint": "/api/tx",
        "config": f"{CONFIG}{config}{separator}{urlencode({'key': key})}",
        "pageType": page_type,
    }


def site_config() -> str:
    """The config of pages that are about no live event."""
    return "/site/tracking-config"


def event_config(event: LiveEventView) -> str:
    """The config of a live event's page."""
    return f"/events/{event.slug}/tracking-config"


def cart_config(live_event_ids: Iterable[str]) -> str:
    """The config of cart, checkout and thank-you pages, whose items may be of several organisers."""
    ids = ",".join(sorted(set(live_event_ids)))
    return f"/carts/tracking-config?{urlencode({'live_event_ids': ids})}" if ids else site_config()


def page_data(page_type: str, config: str, **events: Any) -> dict[str, Any]:
    """Return what the page's script reads: how to start the SDK and which events just happened."""
    return {"sdk": sdk_settings(page_type, config), **{name: value for name, value in events.items() if value}}
