"""Rows of orders: finding, inserting and comparing them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.catalog.models import TicketType
from core.catalog.order_lines import Line
from core.catalog.order_models import Order, OrderItem, OrderTransition
from core.catalog.person_store import Written
from core.errors import FieldProblem


def find_order(session: Session, tenant_id: int, external_id: str, *, lock: bool = False) -> Order | None:
    """An order by external id; ``lock`` keeps others from changing it until the transaction ends."""
    query = select(Order).where(Order.tenant_id == tenant_id, Order.external_id == external_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def is_placed(tenant_id: Any, external_id: Any) -> ColumnElement[bool]:
    """A condition for queries of others: there is an order for their columns of marketplace and order number."""
    return select(Order.id).where(Order.tenant_id == tenant_id, Order.external_id == external_id).exists()


def insert_order(session: Session, tenant_id: int, data: dict[str, Any], buyer: Written | None) -> Order | None:
    """Insert an order; None when its external id exists."""
    values = {
        "tenant_id": tenant_id,
        "external_id": data["external_id"],
        "person_id": buyer.person_id if buyer else None,
        "original_person_id": buyer.named_id if buyer and buyer.named_id != buyer.person_id else None,
        "visitor_id": data["visitor_id"],
        "session_id": data["session_id"],
        "status": data["status"],
        "currency": data["currency"],
        **data["totals"],
        "consent": _stored_consent(data["consent"]),
        "promo_code": data["promo_code"],
        "affiliate_id": data["affiliate_id"],
        "placed_at": data["placed_at"],
    }
    statement = insert(Order).values(**values).on_conflict_do_nothing(index_elements=["tenant_id", "external_id"])
    return session.scalars(statement.returning(Order)).one_or_none()


def _stored_consent(consent: dict[str, Any] | None) -> dict[str, Any] | None:
    """A statement from the future would outweigh every later withdrawal; it counts from now at the latest."""
    if consent is None:
        return None
    return {**consent, "captured_at": min(consent["captured_at"], datetime.now(UTC)).isoformat()}


def add_lines(session: Session, order: Order, lines: list[Line]) -> None:
    """Insert the lines of a new order."""
    session.add_all(
        OrderItem(
            tenant_id=order.tenant_id,
            order_id=order.id,
            line=line.line,
            live_event_id=line.live_event_id,
            organizer_id=line.organizer_id,
            ticket_type_id=line.ticket_type_id,
            quantity=line.quantity,
            unit_price=line.unit_price,
            fees=line.fees,
            discount=line.discount,
            placed_at=order.placed_at,
        )
        for line in lines
    )


def count_sold(session: Session, lines: list[Line]) -> None:
    """Count the tickets of a new order as sold. Call it last: of a night that everybody wants, all orders wait here."""
    session.flush()
    counts: dict[int, int] = {}
    for line in lines:
        if line.ticket_type_id:
            counts[line.ticket_type_id] = counts.get(line.ticket_type_id, 0) + line.quantity
    # In id order, so that two orders of the same ticket types cannot wait for each other. And no stronger lock than an
    # update takes: both hold a share of the row already, through their lines' foreign keys.
    query = select(TicketType).where(TicketType.id.in_(counts)).order_by(TicketType.id).with_for_update(key_share=True)
    for kind in session.scalars(query):
        kind.sold += counts[kind.id]


def differences(order: Order, lines: list[Line], data: dict[str, Any]) -> list[FieldProblem]:
    """Where a repeated order says something else than the stored one."""
    problems = []
    if order.status == "pending" and data["status"] == "completed":
        problems.append(FieldProblem("/status", "same", "the order is pending; complete it with PATCH"))
    if order.currency != data["currency"]:
        problems.append(FieldProblem("/currency", "same", f"the order is in {order.currency}"))
    problems += [
        FieldProblem(f"/totals/{name}", "same", "the stored order has another amount")
        for name, amount in data["totals"].items()
        if getattr(order, name) != amount
    ]
    stored = {line.line: _content(line) for line in lines}
    sent = [(item["line"], _sent_content(item)) for item in data["items"]]
    problems += [
        FieldProblem(f"/items/{position}", "same", "the stored order has another line here, or none")
        for position, (line, content) in enumerate(sent)
        if stored.get(line) != content
    ]
    if len(sent) < len(stored):
        problems.append(FieldProblem("/items", "same", f"the stored order has {len(stored)} lines"))
    return problems


def _content(line: Line) -> tuple[Any, ...]:
    amounts = (line.unit_price, line.fees, line.discount)
    return (line.live_event_external_id, line.ticket_type_external_id, line.quantity, *amounts)


def _sent_content(item: dict[str, Any]) -> tuple[Any, ...]:
    amounts = (item["unit_price"], item["fees"], item["discount"])
    return (item["live_event_id"], item["ticket_type_id"], item["quantity"], *amounts)


def is_known_transition(session: Session, order: Order, transition_id: str) -> bool:
    """Whether this state change was made before."""
    query = select(OrderTransition.id).where(
        OrderTransition.tenant_id == order.tenant_id,
        OrderTransition.order_id == order.id,
        OrderTransition.transition_id == transition_id,
    )
    return session.scalar(query) is not None
