"""What visitors and the shop's backend send: visits, events and orders of the demo marketplace."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.chaos.books import SentEvent, Visit

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
# Live events and their organisers; the first has a code of its own.
CARTS = (
    (("ev-1", "org-1"),),
    (("ev-2", "org-1"),),
    (("ev-2", "org-1"), ("ev-11", "org-2")),
    (("ev-3", "org-1"), ("ev-4", "org-1")),
    (("ev-12", "org-2"),),
)
CURRENCY = {"ev-1": "EUR"}

Parcel = tuple[SentEvent, dict[str, Any]]  # what the books keep, and what goes over the wire


def new_visit(name: str, namespace: uuid.UUID, chance: random.Random) -> Visit:
    """A visitor with a cart; the ids of the purchase follow from its number."""
    sold = dict(chance.choice(CARTS))
    order = f"O-{name}"
    ids = {who: str(uuid.uuid5(namespace, f"{order}|order_completed|{who}")) for who in ("*", *sold.values())}
    currency = CURRENCY.get(next(iter(sold)), "RON")
    now = datetime.now(UTC).isoformat()
    return Visit(f"v-{name}", f"s-{name}", order, sold, f"{20 * len(sold)}.00", currency, now, ids)


def new_event(visit: Visit, name: str, number: int) -> Parcel:
    """An event of a visit about the first thing in its cart; ``number`` counts the visit's events."""
    live_event = next(iter(visit.sold))
    items = [
        {"live_event_id": item, "ticket_type_id": _ticket(item), "qty": 2, "price": "10.00"} for item in visit.sold
    ]
    payload: dict[str, dict[str, Any]] = {
        "page_view": {"page_type": "event"},
        "event_view": {"price_from": "10.00", "currency": visit.currency},
        "add_to_cart": {"items": items, "currency": visit.currency, "cart_value": visit.gross},
        "checkout_started": {"items": items, "currency": visit.currency, "value": visit.gross},
    }
    now = datetime.now(UTC).isoformat()
    fact = SentEvent(str(uuid.uuid4()), name, live_event, visit)
    return fact, {
        "event_id": fact.id,
        "event_name": name,
        "event_version": 1,
        "occurred_at": now,
        "source_system": "web",
        "visitor_id": visit.visitor,
        "session_id": visit.session,
        "sequence_no": number,
        "consent_snapshot": {"analytics": True, "marketing": True, "data_processing": True, "captured_at": now},
        "context": {"page": {"url": f"https://shop.example/{live_event}"}, "click_ids": {"fbclid": "abc"}},
        "entities": {"event_entity_id": live_event},
        "payload": payload[name],
    }


def order_body(visit: Visit) -> dict[str, Any]:
    """The visit's order as the backend reports it; the same text every time."""
    return {
        "external_id": visit.order,
        "status": "completed",
        "currency": visit.currency,
        "placed_at": visit.placed_at,
        "visitor_id": visit.visitor,
        "session_id": visit.session,
        "consent": {"marketing": True, "data_processing": True, "captured_at": visit.placed_at},
        "person": {"external_id": f"c-{visit.visitor}", "email": f"{visit.visitor}@example.com", "country": "RO"},
        "context": {"client_ip": "198.51.100.7", "user_agent": AGENT, "url": "https://shop.example/thank-you"},
        "totals": {"gross": visit.gross, "net": visit.gross},
        "items": [
            {
                "line": str(number),
                "live_event_id": item,
                "ticket_type_id": _ticket(item),
                "quantity": 2,
                "unit_price": "10.00",
            }
            for number, item in enumerate(visit.sold, start=1)
        ],
    }


def _ticket(live_event: str) -> str:
    return f"tt-{live_event.removeprefix('ev-')}-ga"
