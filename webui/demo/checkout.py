"""The demo's checkout: the buyer's form, and the order it becomes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Request, session
from flask_babel import gettext as _

from core.web import client_address
from webui.demo.cart import Cart

ORDER_KEY = "demo_order"
DONE_KEY = "demo_done"
KEPT_ORDERS = 5
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}\.[^@\s]{2,24}")
PHONE = re.compile(r"\+?[\d ()./-]{7,24}")
MAX_JSON = 4_000


@dataclass(frozen=True, slots=True)
class Buyer:
    """What the visitor typed; ``errors`` by field name."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


def read_buyer(form: Mapping[str, str]) -> Buyer:
    """Read the form and say what is missing."""
    first, last, email, phone = (
        form.get(name, "").strip()[:100] for name in ("first_name", "last_name", "email", "phone")
    )
    errors = {}
    if not first:
        errors["first_name"] = _("Your first name is missing.")
    if not last:
        errors["last_name"] = _("Your last name is missing.")
    if not EMAIL.fullmatch(email):
        errors["email"] = _("We send the tickets here, for example ana@example.com.")
    if phone and not PHONE.fullmatch(phone):
        errors["phone"] = _("Digits with the country's prefix, for example +40 712 345 678.")
    return Buyer(first, last, email, phone, errors)


def order_id() -> str:
    """Return the id of the order that this checkout becomes, however often its form is sent."""
    if ORDER_KEY not in session:
        session[ORDER_KEY] = "D-" + "".join(secrets.choice(ALPHABET) for _ in range(8))
    value: str = session[ORDER_KEY]
    return value


def order_body(request: Request, cart: Cart, buyer: Buyer, external_id: str) -> dict[str, Any]:
    """Return the order as the marketplace's backend reports it to adrail."""
    visit = _hidden(request.form.get("visit", ""))
    total = f"{cart.total:.2f}"
    return {
        "external_id": external_id,
        "status": "completed",
        "currency": cart.currency,
        "placed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "visitor_id": _text(visit.get("visitor_id")) or request.cookies.get("_adrail_vid"),
        "session_id": _text(visit.get("session_id")),
        "consent": _consent(visit.get("consent")),
        "person": _person(buyer),
        "context": {
            "client_ip": client_address(),
            "user_agent": request.headers.get("User-Agent", "")[:1000] or None,
            "url": request.url[:2000],
            "referrer": _text(visit.get("referrer"), 2000),
            "click_ids": _texts(visit.get("click_ids")),
        },
        "totals": {"gross": total, "net": total, "fees": "0.00", "discount": "0.00"},
        "items": [
            {
                "line": str(position),
                "live_event_id": line.event.external_id,
                "ticket_type_id": line.ticket.external_id,
                "quantity": line.quantity,
                "unit_price": f"{line.ticket.price:.2f}",
            }
            for position, line in enumerate(cart.lines, start=1)
        ],
    }


def _person(buyer: Buyer) -> dict[str, Any]:
    known_as = hashlib.sha256(buyer.email.casefold().encode()).hexdigest()[:20]
    return {
        "external_id": f"shop-{known_as}",
        "email": buyer.email,
        "phone": buyer.phone or None,
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "country": "RO",
    }


def _consent(stated: Any) -> dict[str, Any]:
    """Return what the visitor chose in the banner; without a statement nothing is granted."""
    choice = stated if isinstance(stated, dict) and stated.get("decided") is True else {}
    captured = _text(choice.get("captured_at"))
    try:
        moment = datetime.fromisoformat(captured or "").astimezone(UTC)
    except ValueError:
        moment = datetime.now(UTC)
    purposes = {name: choice.get(name) is True for name in ("marketing", "analytics", "data_processing")}
    return {**purposes, "captured_at": moment.isoformat(), "copy_hash": _text(choice.get("copy_hash"))}


def _hidden(text: str) -> dict[str, Any]:
    """Read what the page's script wrote into the form; anything else counts as nothing."""
    try:
        value = orjson.loads(text[:MAX_JSON])
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Any, limit: int = 64) -> str | None:
    return value[:limit] if isinstance(value, str) and value else None


def _texts(values: Any) -> dict[str, str]:
    pairs = values.items() if isinstance(values, dict) else ()
    return {str(name)[:40]: value[:500] for name, value in list(pairs)[:12] if isinstance(value, str) and value}


def remember(external_id: str, cart: Cart) -> None:
    """Keep what the thank-you page shows; the order's pixels fire on its first view only."""
    done = {key: value for key, value in session.get(DONE_KEY, {}).items() if key != external_id}
    lines = [
        {
            "live_event_id": line.event.external_id,
            "ticket_type_id": line.ticket.external_id,
            "quantity": line.quantity,
            "unit_price": f"{line.ticket.price:.2f}",
        }
        for line in cart.lines
    ]
    done[external_id] = {"currency": cart.currency, "value": f"{cart.total:.2f}", "items": lines, "fresh": True}
    session[DONE_KEY] = dict(list(done.items())[-KEPT_ORDERS:])
    session.pop(ORDER_KEY, None)


def done(external_id: str) -> dict[str, Any] | None:
    """Return a finished order of this visitor."""
    found: dict[str, Any] | None = session.get(DONE_KEY, {}).get(external_id)
    return found


def take_fresh(external_id: str) -> bool:
    """Say once whether the thank-you page is seen for the first time."""
    orders = session.get(DONE_KEY, {})
    fresh = bool(orders.get(external_id, {}).pop("fresh", False))
    session.modified = session.modified or fresh
    return fresh
