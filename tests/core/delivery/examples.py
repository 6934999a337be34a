"""Events, codes and orders that the tests of delivery start from."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.codes.api import CONVERSIONS, Decision, Place, ResolvableCode, decide
from core.delivery.planner import Planned, plan_event
from core.delivery.stored import StoredEvent

NAMESPACE = uuid.UUID("5f1d7e9c-3c0e-4a8e-9a5e-6f4b2d1c0a99")
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
GRANTED = {"analytics": True, "marketing": True, "data_processing": True, "captured_at": "2026-11-20T17:59:00+00:00"}

ALPHA, BETA = 11, 22
PLACES = {
    "ev-a1": Place(ALPHA, 101),
    "ev-a2": Place(ALPHA, 102),
    "ev-b1": Place(BETA, 201),
}
NAMES = {ALPHA: "org-alpha", BETA: "org-beta"}


def code(number: int, public_id: str, *, organizer: int | None = None, event: int | None = None, **changes: Any) -> Any:
    """A tracking code with a connection; every conversion, consent to marketing."""
    values: dict[str, Any] = {
        "id": number,
        "provider": "example",
        "public_id": public_id,
        "enabled": True,
        "organizer_id": organizer,
        "live_event_id": event,
        "connection_id": 1000 + number,
        "conversion_events": CONVERSIONS,
        "organizer_external_id": NAMES.get(organizer or 0),
    }
    return ResolvableCode(**{**values, **changes})


def item(live_event: str, price: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    """A line of an order."""
    line = {"live_event_id": live_event, "ticket_type_id": f"tt-{live_event}", "quantity": quantity}
    return {**line, "unit_price": price, "fees": "0", "discount": "0", **changes}


def order(
    items: Sequence[Mapping[str, Any]], gross: str | Decimal, currency: str = "EUR", **changes: Any
) -> StoredEvent:
    """A completed order."""
    payload = {"items": list(items), "gross_amount": str(gross), "currency": currency}
    return event("order_completed", payload=payload, order_id="A-1", entities={"order_id": "A-1"}, **changes)


def event(name: str, **changes: Any) -> StoredEvent:
    """An event of a visitor who agreed to everything; orders are trusted."""
    values: dict[str, Any] = {
        "tenant_id": 1,
        "event_id": uuid.uuid5(NAMESPACE, name),
        "event_name": name,
        "occurred_at": NOW,
        "received_at": NOW,
        "trusted": name == "order_completed",
        "visitor_id": "visitor-0001",
        "session_id": "session-1",
        "consent": dict(GRANTED),
        "context": {"page": {"url": "https://tickets.example/ev"}, "click_ids": {"fbc": "fb.1.1700000000000.abcdefgh"}},
        "sealed_client": b"sealed",
    }
    return StoredEvent(**{**values, **changes})


def planned(
    stored: StoredEvent,
    codes: Sequence[ResolvableCode],
    *,
    places: Mapping[str, Place] = PLACES,
    takes: Callable[[str, str], bool] = lambda *_: True,
) -> dict[str, Planned]:
    """Plan an event and return the result by public id."""
    found = plans(stored, codes, places=places, takes=takes)
    by_public_id = {entry.code.public_id: entry for entry in found}
    assert len(by_public_id) == len(found), "a destination was planned twice"
    return by_public_id


def plans(
    stored: StoredEvent,
    codes: Sequence[ResolvableCode],
    *,
    places: Mapping[str, Place] = PLACES,
    takes: Callable[[str, str], bool] = lambda *_: True,
) -> list[Planned]:
    """Plan an event."""

    def decide_at(found: tuple[Place, ...]) -> Decision:
        return decide(codes, found)

    return plan_event(stored, stored.event_name, places=places, decide=decide_at, takes=takes, namespace=NAMESPACE)


def value(entry: Planned) -> Decimal | None:
    """What a planned conversion says it is worth."""
    stated = entry.conversion["value"]
    return None if stated is None else Decimal(stated)
