"""Conversions as core makes them, about a person whose every detail can be found again where it must not be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from adrail.conversions import ConsentReceipt, Conversion, Item, UserData
from adrail.identifiers import RawIdentifier

NOW = datetime(2026, 11, 20, 16, 3, 11, 250_000, tzinfo=UTC)
"""The moment that stands still: of every request, and of the sandbox."""

SECRET = "CanarySecret0123456789abcdef"  # noqa: S105 - made up, to be searched for
NEVER_CLEAR: Mapping[str, str] = MappingProxyType(
    {
        "email": "canary.mail@example.com",
        "phone": "+40722987654",
        "first_name": "Canaryfirst",
        "last_name": "Canarylast",
    }
)
"""Identifiers that leave hashed or not at all."""
PERSON: Mapping[str, str] = MappingProxyType(
    {
        **NEVER_CLEAR,
        "external_id": "canary-customer-77",
        "client_ip": "203.0.113.77",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) CanaryBrowser/9.9",
    }
)
CLICK_IDS: Mapping[str, str] = MappingProxyType(
    {
        "fbclid": "CanaryFbclid",
        "gclid": "CanaryGclid",
        "ttclid": "CanaryTtclid",
        "li_fat_id": "c0ffee00-cafe-4bad-8bad-c0ffeec0ffee",
    }
)
SOURCE_URL = "https://tickets.example/canary-path"


def person(**changes: RawIdentifier | str | None) -> UserData:
    """Return the person, with changes."""
    identifiers: dict[str, Any] = {name: RawIdentifier(value) for name, value in PERSON.items()}
    return UserData(
        **(identifiers | {"city": "Canaryville", "country": "RO", "region": "RO", "click_ids": CLICK_IDS} | changes)
    )


def event_id(number: int) -> str:
    """Return the event id of a numbered conversion."""
    return f"5d1a6c0e-8a51-5b0e-9d0c-{number:012d}"


def order_id(number: int) -> str:
    """Return the order id of a numbered conversion."""
    return f"CONFORMANCE-{number:06d}"


def conversion(destination_id: str, number: int = 0, **changes: Any) -> Conversion:
    """Return a purchase of three tickets; another ``number`` is another order of the same person."""
    values: dict[str, Any] = {
        "event_id": event_id(number),
        "canonical": "order_completed",
        "occurred_at": NOW,
        "destination_id": destination_id,
        "consent": ConsentReceipt("marketing", 41, NOW, NOW),
        "value": Decimal("240.10"),
        "currency": "RON",
        "order_id": order_id(number),
        "source_url": SOURCE_URL,
        "items": (Item("tt-1", "ev-9", 2, Decimal("100.05")), Item("tt-2", "ev-9", 1, Decimal("40.00"))),
        "user": person(),
    }
    return Conversion(**(values | changes))


STRANGE: Mapping[str, str] = MappingProxyType(
    {
        "emoji": "🎟️ 👩‍👩‍👧 🇷🇴",
        "right_to_left": "\u202e\u05de\u05d5\u05e4\u05e2\u202c \u0634\u062c\u0631\u06cc\u0627\u0646",
        "four_bytes": "\U0001d4a5\U0001d4b6\U0001d4cf\U0001d4cf \U0002070e",
        "quotes": "\"'`\\</script>{{7*7}}%00&x=1",
        "newlines": "a\r\nb\tc\u2028d\u0085e",
        "very_long": "ș" * 5000,
        "combining": "Zo\u0308e\u0301",
        "controls": "a\x01\x1f\x7fb",
        "blank": "   ",
    }
)
"""Text that people and their devices really send."""


def strange(destination_id: str, text: str, **changes: Any) -> Conversion:
    """Return a conversion with a strange text wherever text can stand."""
    user = person(
        email=RawIdentifier(f"{text}@example.com"),
        phone=RawIdentifier(text),
        first_name=RawIdentifier(text),
        last_name=RawIdentifier(text),
        external_id=RawIdentifier(text),
        city=text,
    )
    values: dict[str, Any] = {
        "order_id": f"A-{text}",
        "search_string": text,
        "source_url": f"https://tickets.example/{text}",
        "items": (Item(f"tt-{text}", f"ev-{text}", 1, Decimal("240.10")),),
        "custom_params": {"note": text[:100], "vip": True, "row": 7},
        "user": user,
    }
    return conversion(destination_id, **(values | changes))
