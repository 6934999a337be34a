"""Orders: creating them and changing their state; each transition emits its event in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.accounts.api import TenantView, tenant_view
from core.catalog.event_ids import order_event_id
from core.catalog.models import Order, OrderItem, OrderTransition, TicketType
from core.catalog.order_events import OrderEvent, emit_order_event
from core.catalog.order_lines import Line, resolve_lines, stored_lines
from core.catalog.order_refunds import checked_refunds
from core.catalog.persons import external_ids_of, upsert_person
from core.catalog.schemas import OrderIn, OrderPatchIn
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, NotFoundError
from core.validation import load

COMPLETED = "order_completed"

# What may follow what. A status that is not a key is final.
TRANSITIONS = {
    "pending": {"completed", "cancelled"},
    "completed": {"partially_refunded", "refunded", "cancelled", "charged_back"},
    "partially_refunded": {"partially_refunded", "refunded", "charged_back"},
}
EVENT_OF = {
    "completed": COMPLETED,
    "cancelled": "order_cancelled",
    "partially_refunded": "refund_completed",
    "refunded": "refund_completed",
    "charged_back": "chargeback_opened",
}
REPEATABLE = {"refund_completed", "chargeback_opened"}


@dataclass(frozen=True, slots=True)
class OrderResult:
    """``event_ids``: `*` for the whole order and one per organiser (external id). ``created`` is False on a repeat."""

    external_id: str
    status: str
    event_ids: dict[str, str]
    created: bool


def place_order(tenant_id: int, body: dict[str, Any]) -> OrderResult:
    """Store an order and, when completed, emit `order_completed` in the same transaction.

    Sending the same order again changes nothing and answers as before; the same id with other amounts raises
    `ConflictError`. Raises `InvalidInputError` naming every wrong field.
    """
    data = load(OrderIn(), body)
    tenant = tenant_view(tenant_id)
    with tenant_session(tenant_id) as session:
        lines = resolve_lines(session, tenant_id, data["items"])
        person = data["person"]
        person_id = upsert_person(session, tenant_id, person) if person else None
        order = _insert(session, tenant_id, data, person_id)
        if order is None:
            return _repeat(session, tenant, data)
        session.add_all(_item(tenant_id, order.id, line) for line in lines)
        _count_sold(session, lines)
        if order.status == "completed":
            event_id = order_event_id(tenant.uuid_namespace, order.external_id, COMPLETED)
            name = person["external_id"] if person else None
            event = OrderEvent(COMPLETED, event_id, order.placed_at, lines, (), data["context"], name)
            emit_order_event(session, tenant, order, event)
        return OrderResult(order.external_id, order.status, event_ids(tenant, order.external_id, lines), created=True)


def change_order(tenant_id: int, external_id: str, body: dict[str, Any]) -> OrderResult:
    """Move an order to another state and emit that transition's event.

    Repeating a ``transition_id`` answers as before. Raises `NotFoundError`, `InvalidInputError`, or `ConflictError`
    when the state machine does not allow the step.
    """
    data = load(OrderPatchIn(), body)
    tenant = tenant_view(tenant_id)
    with tenant_session(tenant_id) as session:
        order = session.scalars(
            select(Order).where(Order.tenant_id == tenant_id, Order.external_id == external_id).with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFoundError(f"there is no order {external_id!r} in this marketplace")
        lines = stored_lines(session, tenant_id, order.id)
        if not _known_transition(session, order, data["transition_id"]):
            _transition(session, tenant, order, data, lines)
        return OrderResult(external_id, order.status, event_ids(tenant, external_id, lines), created=False)


def event_ids(tenant: TenantView, external_id: str, lines: list[Line]) -> dict[str, str]:
    """The ids that `order_completed` carries: whole, and per organiser."""
    ids = {"*": str(order_event_id(tenant.uuid_namespace, external_id, COMPLETED))}
    for organizer in sorted({line.organizer_external_id for line in lines}):
        ids[organizer] = str(order_event_id(tenant.uuid_namespace, external_id, COMPLETED, organizer))
    return ids


def _transition(session: Session, tenant: TenantView, order: Order, data: dict[str, Any], lines: list[Line]) -> None:
    status = data["status"]
    if status not in TRANSITIONS.get(order.status, set()):
        allowed = ", ".join(sorted(TRANSITIONS.get(order.status, set()))) or "nothing, it is final"
        problem = FieldProblem("/status", "transition", f"after {order.status!r} may follow: {allowed}")
        raise ConflictError(f"the order is {order.status!r}", errors=[problem], code="transition_not_allowed")
    refunds = checked_refunds(session, order, data["refunds"], lines)
    session.add(
        OrderTransition(
            tenant_id=tenant.id,
            order_id=order.id,
            transition_id=data["transition_id"],
            status=status,
            refunds=list(refunds),
            occurred_at=data["occurred_at"],
        )
    )
    order.status = status
    name = EVENT_OF[status]
    transition = data["transition_id"] if name in REPEATABLE else None
    event_id = order_event_id(tenant.uuid_namespace, order.external_id, name, None, transition)
    persons = external_ids_of(session, tenant.id, [order.person_id]) if order.person_id else {}
    person = persons.get(order.person_id) if order.person_id else None
    event = OrderEvent(name, event_id, data["occurred_at"], lines, refunds, None, person)
    emit_order_event(session, tenant, order, event)


def _insert(session: Session, tenant_id: int, data: dict[str, Any], person_id: int | None) -> Order | None:
    consent = data["consent"]
    values = {
        "tenant_id": tenant_id,
        "external_id": data["external_id"],
        "person_id": person_id,
        "visitor_id": data["visitor_id"],
        "session_id": data["session_id"],
        "status": data["status"],
        "currency": data["currency"],
        **data["totals"],
        "consent": {**consent, "captured_at": consent["captured_at"].isoformat()} if consent else None,
        "promo_code": data["promo_code"],
        "affiliate_id": data["affiliate_id"],
        "placed_at": data["placed_at"],
    }
    statement = insert(Order).values(**values).on_conflict_do_nothing(index_elements=["tenant_id", "external_id"])
    return session.scalars(statement.returning(Order)).one_or_none()


def _repeat(session: Session, tenant: TenantView, data: dict[str, Any]) -> OrderResult:
    order = session.scalars(
        select(Order).where(Order.tenant_id == tenant.id, Order.external_id == data["external_id"])
    ).one()
    if order.currency != data["currency"] or any(
        getattr(order, name) != data["totals"][name] for name in data["totals"]
    ):
        raise ConflictError(
            f"order {order.external_id!r} exists with other amounts; change its state with PATCH", code="order_exists"
        )
    ids = event_ids(tenant, order.external_id, stored_lines(session, tenant.id, order.id))
    return OrderResult(order.external_id, order.status, ids, created=False)


def _item(tenant_id: int, order_id: int, line: Line) -> OrderItem:
    return OrderItem(
        tenant_id=tenant_id,
        order_id=order_id,
        line=line.line,
        live_event_id=line.live_event_id,
        organizer_id=line.organizer_id,
        ticket_type_id=line.ticket_type_id,
        quantity=line.quantity,
        unit_price=line.unit_price,
        fees=line.fees,
        discount=line.discount,
    )


def _count_sold(session: Session, lines: list[Line]) -> None:
    counts: dict[int, int] = {}
    for line in lines:
        if line.ticket_type_id:
            counts[line.ticket_type_id] = counts.get(line.ticket_type_id, 0) + line.quantity
    # In id order, so that two orders of the same ticket types cannot wait for each other.
    query = select(TicketType).where(TicketType.id.in_(counts)).order_by(TicketType.id).with_for_update()
    for kind in session.scalars(query):
        kind.sold += counts[kind.id]


def _known_transition(session: Session, order: Order, transition_id: str) -> bool:
    query = select(OrderTransition.id).where(
        OrderTransition.tenant_id == order.tenant_id,
        OrderTransition.order_id == order.id,
        OrderTransition.transition_id == transition_id,
    )
    return session.scalar(query) is not None
