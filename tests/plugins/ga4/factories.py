"""Conversions and requests as core would make them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adrail import (
    ConnectionRef,
    ConsentReceipt,
    Conversion,
    Credentials,
    HealthRequest,
    Item,
    RawIdentifier,
    SendRequest,
    Transport,
    UserData,
)

NOW = datetime(2026, 11, 20, 16, 3, 11, 250_000, tzinfo=UTC)
STREAM = "G-ABCDE12345"
SECRET = "sandboxSecret_01-abcde"
CLIENT = "1098115397.1795100000"
MARKETING = ConsentReceipt("marketing", 41, NOW, NOW)
ANALYTICS = ConsentReceipt("analytics", 42, NOW, NOW)

BUYER = UserData(
    email=RawIdentifier(" Ana.Maria+tickets@Gmail.com "),
    phone=RawIdentifier("0722 123 456"),
    first_name=RawIdentifier("Ana"),
    last_name=RawIdentifier("Popescu"),
    city="Cluj-Napoca",
    country="RO",
    region="RO",
    external_id=RawIdentifier("c-7"),
    client_ip=RawIdentifier("203.0.113.7"),
    user_agent=RawIdentifier("Mozilla/5.0 (X11; Linux x86_64)"),
    click_ids={
        "gclid": "Cj0KCQ",
        "ga": f"GA1.1.{CLIENT}",
        "ga_ABCDE12345": "GS2.1.s1795190400$o3$g1$t1795190591$j60$l0$h0",
    },
)


def conversion(**changes: Any) -> Conversion:
    """Return a purchase of two tickets, with changes."""
    values: dict[str, Any] = {
        "event_id": "6f1c3d0e-8a51-5b0e-9d0c-0d9a2f6f5a11",
        "canonical": "order_completed",
        "occurred_at": NOW,
        "destination_id": STREAM,
        "consent": MARKETING,
        "value": Decimal("240.10"),
        "currency": "RON",
        "order_id": "A-1001",
        "source_url": "https://tickets.example/thank-you?order=A-1001",
        "items": (
            Item("tt-1", "ev-9", 2, Decimal("100.05")),
            Item("tt-2", "ev-9", 1, Decimal("40.00")),
        ),
        "user": BUYER,
    }
    return Conversion(**(values | changes))


def send_request(
    transport: Transport, items: Sequence[Conversion], *, test_code: str | None = None, **changes: Any
) -> SendRequest:
    """Return a request for these items."""
    return SendRequest(
        connection=ConnectionRef(7, STREAM, changes.get("settings", {})),
        credentials=Credentials({"api_secret": changes.get("secret", SECRET)}),
        items=items,
        test_code=test_code,
        now=NOW,
        transport=transport,
    )


def health_request(transport: Transport, *, secret: str = SECRET, stream: str = STREAM) -> HealthRequest:
    """Return a health request."""
    return HealthRequest(ConnectionRef(7, stream), Credentials({"api_secret": secret}), stream, transport)
