"""The tracking events that an order's transitions emit, with the consent that really holds."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy.orm import Session

from core.accounts.api import TenantView
from core.catalog.order_lines import Line
from core.catalog.order_models import Order
from core.catalog.order_refunds import Refunds
from core.events.api import VisitContext, emit, visit_context
from core.money import format_amount, in_digits
from core.privacy.api import PURPOSES, current_consent
from core.security.crypto import keyring

PAYMENT_EVENTS = frozenset({"payment_succeeded", "payment_failed"})
"""Events of a payment as such, which say nothing of what was bought."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What a payment provider reported; ``amount`` in major units of ``currency``, which need not be the order's."""

    amount: Decimal
    currency: str
    provider: str
    reference: str
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One transition to tell: ``context`` is the request's own, None when it brought none."""

    name: str
    event_id: uuid.UUID
    occurred_at: datetime
    lines: list[Line]
    refunds: Refunds | None = None
    context: dict[str, Any] | None = None
    person_external_id: str | None = None
    payment: Payment | None = None


def emit_order_event(session: Session, tenant: TenantView, order: Order, event: OrderEvent) -> None:
    """Write the transition's event to the outbox, in the caller's transaction."""
    visit = visit_context(session, tenant.id, order.visitor_id, order.session_id) if order.visitor_id else None
    consent = _consent(session, tenant.id, order)
    body: dict[str, Any] = {
        "event_id": str(event.event_id),
        "event_name": event.name,
        "event_version": 1,
        "occurred_at": event.occurred_at.isoformat(),
        "source_system": "payments" if event.payment else "backend",
        "consent_snapshot": consent,
        "context": _context(event.context, visit),
        "entities": {"order_id": order.external_id},
        "payload": _payload(order, event, consent),
    }
    optional = {
        "visitor_id": order.visitor_id,
        "session_id": order.session_id or (visit.session_id if visit else None),
        "person_id": event.person_external_id,
    }
    body.update({name: value for name, value in optional.items() if value is not None})
    emit(session, tenant.id, body, _sealed_client(event.context, visit))


def _consent(session: Session, tenant_id: int, order: Order) -> dict[str, Any]:
    """The order's own statement or the visitor's ledger, whichever is later, per purpose.

    A purpose nobody spoke of is left out: it counts as not granted, but is no denial to be recorded.
    """
    own = order.consent or {}
    said_at = datetime.fromisoformat(own["captured_at"]) if own else None
    snapshot: dict[str, Any] = {purpose: own[purpose] for purpose in PURPOSES if own.get(purpose) is not None}
    if own:
        snapshot["captured_at"] = own["captured_at"]
        if own.get("copy_hash"):
            snapshot["copy_hash"] = own["copy_hash"]
    if order.visitor_id:
        ledger = current_consent(session, tenant_id, "visitor", order.visitor_id)
        for purpose, entry in ledger.items():
            unsaid = own.get(purpose) is None
            if unsaid or said_at is None or entry["since"] > said_at:
                snapshot[purpose] = entry["granted"]
                snapshot["captured_at"] = max(snapshot.get("captured_at", ""), entry["since"].isoformat(), key=_instant)
    return snapshot


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def _context(own: dict[str, Any] | None, visit: VisitContext | None) -> dict[str, Any]:
    own = own or {}
    touch = visit.last_touch if visit else {}
    url = own.get("url") or (visit.exit_page if visit else None)
    context: dict[str, Any] = {"click_ids": {**touch.get("click_ids", {}), **(own.get("click_ids") or {})}}
    if url:
        context["page"] = {"url": url}
    if own.get("referrer"):
        context["referrer"] = own["referrer"]
    if touch.get("utm"):
        context["utm"] = touch["utm"]
    return context


def _sealed_client(own: dict[str, Any] | None, visit: VisitContext | None) -> bytes | None:
    own = own or {}
    if own.get("client_ip") or own.get("user_agent"):
        client = {"ip": str(own["client_ip"]) if own.get("client_ip") else None, "ua": own.get("user_agent")}
        return keyring().seal(orjson.dumps(client), "client")
    return visit.sealed_client if visit else None


def _payload(order: Order, event: OrderEvent, consent: dict[str, Any]) -> dict[str, Any]:
    def money(amount: Decimal) -> str:
        return format_amount(amount, order.currency)

    items = [
        {
            "line": line.line,
            "live_event_id": line.live_event_external_id,
            "organizer_id": line.organizer_external_id,
            **({"ticket_type_id": line.ticket_type_external_id} if line.ticket_type_external_id else {}),
            "quantity": line.quantity,
            "unit_price": money(line.unit_price),
            "fees": money(line.fees),
            "discount": money(line.discount),
        }
        for line in event.lines
    ]
    if event.name == "order_completed":
        return {
            "gross_amount": money(order.gross),
            "net_amount": money(order.net),
            "fees_amount": money(order.fees),
            "discount_total": money(order.discount),
            "currency": order.currency,
            "items": items,
            **({"affiliate_id": order.affiliate_id} if order.affiliate_id else {}),
            **({"promo_code": order.promo_code} if order.promo_code else {}),
            "channel": "web" if order.visitor_id else "backend",
            "consent_data_processing": bool(consent.get("data_processing")),
            "consent_marketing": bool(consent.get("marketing")),
        }
    if event.payment:
        return _reported(event.payment, items if event.name not in PAYMENT_EVENTS else None)
    refunds = event.refunds or Refunds((), order.gross)
    return {
        "amount": money(refunds.amount),
        "currency": order.currency,
        "items": items,
        "refunds": list(refunds.rows),
    }


def _reported(payment: Payment, items: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {
        "amount": format(in_digits(payment.amount, payment.currency), "f"),
        "currency": payment.currency,
        "provider": payment.provider,
        "provider_reference": payment.reference,
        **({"failure_code": payment.failure_code} if payment.failure_code else {}),
        **({"items": items} if items is not None else {}),
    }
