"""The canonical conversions and which tracking event means which: one vocabulary for every platform."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CANONICAL: Mapping[str, str] = MappingProxyType(
    {
        "page_view": "page_view",
        "event_view": "event_view",
        "search_performed": "search_performed",
        "add_to_cart": "add_to_cart",
        "checkout_started": "checkout_started",
        "payment_method_selected": "payment_method_selected",
        "order_completed": "order_completed",
    }
)
"""Tracking event name → canonical conversion; a tracking event that is not here is no conversion."""

CONVERSIONS: tuple[str, ...] = tuple(dict.fromkeys(CANONICAL.values()))
"""Every canonical conversion, in the order of a visitor's way to a purchase."""
