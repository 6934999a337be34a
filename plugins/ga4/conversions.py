"""Canonical conversion → Measurement Protocol request: pure, no clock and no network.

Fields: https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference and …/reference/events.
Client, moment and consent belong to the request, not to the event, so every conversion is a request of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from adrail import Conversion, ConversionLimits, HashedIdentifier, Item, RawIdentifier, UserData
from plugins.ga4 import identity, normalise

EVENT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "event_view": "view_item",
        "search_performed": "search",
        "add_to_cart": "add_to_cart",
        "checkout_started": "begin_checkout",
        "payment_method_selected": "add_payment_info",
        "order_completed": "purchase",
    }
)

# 25 is what the vendor takes in one request; here it is how many requests one call may take.
LIMITS = ConversionLimits(max_batch=25, max_age=timedelta(hours=72), max_bytes=130_000)

MAX_PARAMS = 25
MAX_ITEMS = 200
MAX_TEXT = 100
MAX_URL = 1000
PARAM_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
RESERVED = ("firebase_", "ga_", "google_", "gtag")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_request(
    conversion: Conversion, *, user_provided_data: bool = False, debug_view: bool = False
) -> dict[str, Any]:
    """Return the JSON body for one conversion: time in microseconds, amounts in major units as `Decimal`."""
    agreed = conversion.consent.purpose == "marketing"
    person = _person(conversion.user) if agreed and user_provided_data else {}
    return {
        "client_id": identity.client_id(conversion),
        **person,
        "timestamp_micros": (conversion.occurred_at - EPOCH) // timedelta(microseconds=1),
        "consent": dict.fromkeys(("ad_user_data", "ad_personalization"), "GRANTED" if agreed else "DENIED"),
        "events": [
            {
                "name": EVENT_NAMES.get(conversion.canonical, conversion.canonical),
                "params": _params(conversion, debug_view=debug_view),
            }
        ],
    }


def _params(conversion: Conversion, *, debug_view: bool) -> dict[str, Any]:
    standard = _present(
        {
            "session_id": identity.session_id(conversion),
            # Nobody engages with a server; the smallest length keeps the event in Realtime and changes no average.
            "engagement_time_msec": 1,
            "event_id": _cut(conversion.event_id),
            "page_location": _cut(conversion.source_url, MAX_URL),
            "transaction_id": _transaction(conversion),
            "value": conversion.value,
            "currency": conversion.currency,
            "search_term": _cut(conversion.search_string),
            "items": [_item(item) for item in conversion.items[:MAX_ITEMS]],
            "debug_mode": 1 if debug_view else None,
        }
    )
    free = MAX_PARAMS - len(standard)
    custom = _present({name: _plain(value) for name, value in conversion.custom_params.items() if _usable(name)})
    return dict([(name, value) for name, value in custom.items() if name not in standard][:free]) | standard


def _transaction(conversion: Conversion) -> str | None:
    if conversion.canonical != "order_completed":
        return None
    return _cut(conversion.order_id) or _cut(conversion.event_id)


def _item(item: Item) -> dict[str, Any]:
    return _present({"item_id": _cut(item.id), "price": item.price, "quantity": item.quantity})


def _person(user: UserData) -> dict[str, Any]:
    """Return the hashed identifiers; names are left out, Google matches them only beside a postal code.

    Google asks for a user id beside user-provided data; ours goes hashed, because a shop may use anything as its id.
    """
    region = user.region or user.country
    data = {
        "sha256_email_address": _hashed(user.email, normalise.email),
        "sha256_phone_number": _hashed(user.phone, lambda text: normalise.phone(text, region)),
    }
    if not any(data.values()):
        return {}
    user_id = _hashed(user.external_id, normalise.external_id)
    return _present({"user_id": user_id and user_id[0], "user_data": _present(data)})


def _hashed(value: RawIdentifier | None, normal: Callable[[str], str | None]) -> list[str]:
    text = normal(value.reveal()) if value else None
    return [HashedIdentifier.of(text).hexdigest()] if text else []


def _usable(name: str) -> bool:
    return PARAM_NAME.fullmatch(name) is not None and not name.startswith(RESERVED)


def _plain(value: str | int | bool) -> str | int | None:
    # GA4 takes text and numbers only.
    if isinstance(value, bool):
        return str(value).lower()
    return _cut(value) if isinstance(value, str) else value


def _cut(text: str | None, length: int = MAX_TEXT) -> str | None:
    return (text or "").strip()[:length] or None


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
