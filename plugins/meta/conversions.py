"""Canonical conversion → Conversions API event: pure, no clock and no network.

Fields: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from adrail import Conversion, ConversionLimits, HashedIdentifier, Item, RawIdentifier, UserData
from plugins.meta import normalise

EVENT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "event_view": "ViewContent",
        "search_performed": "Search",
        "add_to_cart": "AddToCart",
        "checkout_started": "InitiateCheckout",
        "payment_method_selected": "AddPaymentInfo",
        "order_completed": "Purchase",
    }
)

ACTION_SOURCES = {"website": "website", "app": "app", "offline": "physical_store", "system": "system_generated"}

# Meta publishes no limit in bytes; this one lets a thousand ordinary events go at once.
LIMITS = ConversionLimits(max_batch=1000, max_age=timedelta(days=7), max_bytes=2_000_000)


def build_event(conversion: Conversion, *, advanced_matching: bool = True) -> dict[str, Any]:
    """Return the event for one conversion: times in seconds, amounts in major units as `Decimal`."""
    event = {
        "event_name": EVENT_NAMES.get(conversion.canonical, conversion.canonical),
        "event_time": int(conversion.occurred_at.timestamp()),
        "event_id": conversion.event_id,
        "action_source": ACTION_SOURCES[conversion.action_source],
        "event_source_url": conversion.source_url,
        "user_data": _user_data(conversion, advanced_matching=advanced_matching),
        "custom_data": _custom_data(conversion),
    }
    return _present(event)


def to_json(value: Any) -> str:
    """Encode for the wire; a `Decimal` becomes a JSON number with exactly its digits, which no float could promise."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value)


def _user_data(conversion: Conversion, *, advanced_matching: bool) -> dict[str, Any]:
    user = conversion.user
    data = {
        "client_ip_address": _plain(user.client_ip, normalise.ip_address),
        "client_user_agent": _plain(user.user_agent, str.strip),
        "fbc": _fbc(conversion),
        "fbp": normalise.fbp(user.click_ids.get("fbp", "")),
    }
    return _present((_person(user) if advanced_matching else {}) | data)


def _person(user: UserData) -> dict[str, Any]:
    region = user.region or user.country
    return {
        "em": _hashed(user.email, normalise.email),
        "ph": _hashed(user.phone, lambda text: normalise.phone(text, region)),
        "fn": _hashed(user.first_name, normalise.name),
        "ln": _hashed(user.last_name, normalise.name),
        "ct": _hashed(RawIdentifier(user.city or ""), normalise.city),
        "country": _hashed(RawIdentifier(user.country or ""), normalise.country),
        "external_id": _hashed(user.external_id, normalise.external_id),
    }


def _hashed(value: RawIdentifier | None, normal: Callable[[str], str | None]) -> list[str]:
    text = normal(value.reveal()) if value else None
    return [HashedIdentifier.of(text).hexdigest()] if text else []


def _plain(value: RawIdentifier | None, normal: Callable[[str], str | None]) -> str | None:
    return normal(value.reveal()) if value else None


def _fbc(conversion: Conversion) -> str | None:
    click_ids = conversion.user.click_ids
    # When the click itself was is unknown here; Meta asks for the time it was first seen, and this is the nearest.
    milliseconds = int(conversion.occurred_at.timestamp() * 1000)
    return normalise.fbc(click_ids.get("fbc", "")) or normalise.fbc_from_click(
        click_ids.get("fbclid", ""), milliseconds
    )


def _custom_data(conversion: Conversion) -> dict[str, Any]:
    standard = {
        "value": conversion.value,
        "currency": conversion.currency,
        "order_id": conversion.order_id,
        "search_string": conversion.search_string,
        "content_type": "product" if conversion.items else None,
        "content_ids": list(dict.fromkeys(item.id for item in conversion.items)),
        "contents": [_content(item) for item in conversion.items],
        "num_items": sum(item.quantity for item in conversion.items) or None,
    }
    return dict(conversion.custom_params) | _present(standard)


def _content(item: Item) -> dict[str, Any]:
    return _present({"id": item.id, "quantity": item.quantity, "item_price": item.price})


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
