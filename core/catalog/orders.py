"""Orders: creating them and changing their state; each transition emits its event in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.accounts.api import TenantView, tenant_key, tenant_view
from core.catalog import order_news
from core.catalog.event_ids import order_event_id
from core.catalog.order_events import OrderEvent, emit_order_event
from core.catalog.order_lines import Line, resolve_lines, stored_lines
from core.catalog.order_models import Order, OrderTransition
from core.catalog.order_refunds import checked_refunds
from core.catalog.order_states import COMPLETED, EVENT_OF, REPEATABLE, TRANSITIONS
from core.catalog.order_store import (
    add_lines,
    count_sold,
    differences,
    find_order,
    insert_order,
    is_known_transition,
)
from core.catalog.order_tickets import add_tickets, void_tickets
from core.catalog.persons import external_ids_of, upsert_person
from core.catalog.schemas import CLOCK_TOLERANCE, OrderIn, OrderPatchIn
from core.db.partitions import make_room_for
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from core.validation import load


@dataclass(frozen=True, slots=True)
class OrderResult:
    """``event_ids``: `*` for the whole order and one per organiser (external id). ``created`` is False on a repeat."""

    external_id: str
    status: str
    event_ids: dict[str, str]
    created: bool


def place_order(tenant_id: int, body: Any) -> OrderResult:
    """Store an order and, when completed, emit `order_completed` in the same transaction.

    Sending the same order again changes nothing and answers as before; the same id with another content raises
    `ConflictError`. Raises `InvalidInputError` naming every wrong field.
    """
    data = load(OrderIn(), body)
    tenant = tenant_view(tenant_id)
    make_room_for(data["placed_at"])
    # A key not opened yet needs a connection of its own: asked for while holding one, a burst would starve itself.
    tenant_key(tenant_id)
    with tenant_session(tenant_id) as session:
        known = find_order(session, tenant_id, data["external_id"])
        if known is not None:
            return _repeat(session, tenant, known, data)
        lines = resolve_lines(session, tenant_id, data["items"])
        person = data["person"]
        buyer = upsert_person(session, tenant_id, person) if person else None
        order = insert_order(session, tenant_id, data, buyer)
        if order is None:  # the same order came twice at the same time
            return _repeat(session, tenant, _existing(session, tenant_id, data["external_id"]), data)
        add_lines(session, order, lines)
        add_tickets(session, order, data["items"], lines)
        if order.status == "completed":
            event_id = order_event_id(tenant.uuid_namespace, order.external_id, COMPLETED)
            name = person["external_id"] if person else None
            event = OrderEvent(COMPLETED, event_id, order.placed_at, lines, None, data["context"], name)
            emit_order_event(session, tenant, order, event)
        count_sold(session, lines)
        order_news.tell(session, tenant, order.external_id)
        return OrderResult(order.external_id, order.status, event_ids(tenant, order.external_id, lines), created=True)


def change_order(tenant_id: int, external_id: str, body: Any) -> OrderResult:
    """Move an order to another state and emit that transition's event.

    Repeating a ``transition_id`` answers as before. Raises `NotFoundError`, `InvalidInputError`, or `ConflictError`
    when the state machine does not allow the step.
    """
    data = load(OrderPatchIn(), body)
    tenant = tenant_view(tenant_id)
    make_room_for(data["occurred_at"])
    with tenant_session(tenant_id) as session:
        order = _existing(session, tenant_id, external_id, lock=True)
        lines = stored_lines(session, tenant_id, order.id)
        if not is_known_transition(session, order, data["transition_id"]):
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
    _demand_later(order, data["occurred_at"])
    refunds = checked_refunds(session, order, data, lines)
    session.add(
        OrderTransition(
            tenant_id=tenant.id,
            order_id=order.id,
            transition_id=data["transition_id"],
            status=status,
            refunds=list(refunds.rows),
            occurred_at=data["occurred_at"],
        )
    )
    order.status = status
    void_tickets(session, order, refunds.rows, lines)
    name = EVENT_OF[status]
    transition = data["transition_id"] if name in REPEATABLE else None
    event_id = order_event_id(tenant.uuid_namespace, order.external_id, name, None, transition)
    persons = external_ids_of(session, tenant.id, [order.person_id]) if order.person_id else {}
    person = persons.get(order.person_id) if order.person_id else None
    event = OrderEvent(name, event_id, data["occurred_at"], lines, refunds, None, person)
    emit_order_event(session, tenant, order, event)


def _demand_later(order: Order, occurred_at: datetime) -> None:
    """A step before the order itself is a mix-up; clocks may differ by a day."""
    if occurred_at < order.placed_at - CLOCK_TOLERANCE:
        message = f"the order was placed at {order.placed_at.isoformat()}; send when this happened"
        problem = FieldProblem("/occurred_at", "order", message)
        raise InvalidInputError("the step lies before the order", errors=[problem])


def _existing(session: Session, tenant_id: int, external_id: str, *, lock: bool = False) -> Order:
    order = find_order(session, tenant_id, external_id, lock=lock)
    if order is None:
        raise NotFoundError(f"there is no order {external_id!r} in this marketplace")
    return order


def _repeat(session: Session, tenant: TenantView, order: Order, data: dict[str, Any]) -> OrderResult:
    lines = stored_lines(session, tenant.id, order.id)
    if problems := differences(order, lines, data):
        raise ConflictError(
            f"order {order.external_id!r} exists with another content; change its state with PATCH",
            errors=problems,
            code="order_exists",
        )
    return OrderResult(order.external_id, order.status, event_ids(tenant, order.external_id, lines), created=False)
