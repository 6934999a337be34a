"""What payment providers report, told as events of the order: its visitor, session, and the consent that holds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from core.accounts.api import TenantView
from core.catalog.event_ids import order_event_id
from core.catalog.order_events import OrderEvent, Payment, emit_order_event
from core.catalog.order_lines import stored_lines
from core.catalog.order_models import Order
from core.catalog.order_refunds import told_steps
from core.catalog.order_store import find_order
from core.catalog.persons import external_ids_of


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One thing that happened to the payment of an order; ``amount`` in major units of ``currency``.

    ``transition`` is asked, once the order is locked, for what tells the event from others of its name. ``told`` is
    asked then, too: it gets the events of the order's own changes that mean the same amount, and returns the event
    that has told this already, None when it is news.
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
    told: Callable[[Sequence[uuid.UUID]], uuid.UUID | None]


def emit_payment(session: Session, tenant: TenantView, fact: PaymentFact) -> uuid.UUID | None:
    """Write the event to the outbox in the caller's transaction, unless another one told it already.

    Returns the id of the event that tells it, None when there is no such order.
    """
    order = find_order(session, tenant.id, fact.order_external_id, lock=True)
    if order is None:
        return None
    event_id = order_event_id(tenant.uuid_namespace, order.external_id, fact.event_name, None, fact.transition())
    own = _own_events(session, tenant, order, fact)
    known = event_id if event_id in own else fact.told([item for item, amount in own.items() if amount == fact.amount])
    if known is not None:
        return known
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


def _own_events(session: Session, tenant: TenantView, order: Order, fact: PaymentFact) -> dict[uuid.UUID, Decimal]:
    """Event id → amount of what the marketplace itself told of this kind, in this currency, oldest first."""
    if fact.currency != order.currency:
        return {}
    return {
        order_event_id(tenant.uuid_namespace, order.external_id, fact.event_name, None, transition): amount
        for transition, amount in told_steps(session, order, fact.event_name)
    }
