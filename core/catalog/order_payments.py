"""What payment providers report, told as events of the order: its visitor, session, and the consent that holds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from core.accounts.api import TenantView
from core.catalog.event_ids import order_event_id
from core.catalog.order_events import OrderEvent, Payment, emit_order_event
from core.catalog.order_lines import stored_lines
from core.catalog.order_store import find_order
from core.catalog.persons import external_ids_of


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One thing that happened to the payment of an order; ``amount`` in major units of ``currency``.

    ``transition`` is asked, once the order is locked, for what tells the event from others of its name.
    """

    order_external_id: str
    event_name: str
    occurred_at: datetime
    amount: Decimal
    currency: str
    provider: str
    payment_reference: str
    failure_code: str | None
    transition: Callable[[], str | None]


def emit_payment(session: Session, tenant: TenantView, fact: PaymentFact) -> uuid.UUID | None:
    """Write the event to the outbox in the caller's transaction; returns its id, None when there is no such order."""
    order = find_order(session, tenant.id, fact.order_external_id, lock=True)
    if order is None:
        return None
    event_id = order_event_id(tenant.uuid_namespace, order.external_id, fact.event_name, None, fact.transition())
    persons = external_ids_of(session, tenant.id, [order.person_id]) if order.person_id else {}
    payment = Payment(fact.amount, fact.currency, fact.provider, fact.payment_reference, fact.failure_code)
    event = OrderEvent(
        fact.event_name,
        event_id,
        fact.occurred_at,
        stored_lines(session, tenant.id, order.id),
        person_external_id=persons.get(order.person_id) if order.person_id else None,
        payment=payment,
    )
    emit_order_event(session, tenant, order, event)
    return event_id
