"""Tickets of an order's lines: stored with it, void once they are paid back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.catalog.order_lines import Line
from core.catalog.order_models import Order, OrderItem
from core.catalog.shop_models import Ticket
from core.errors import FieldProblem, InvalidInputError

VALID = "valid"
# A ticket's status once the whole order is in that state.
VOID = {"cancelled": "cancelled", "refunded": "refunded", "charged_back": "refunded"}


def add_tickets(session: Session, order: Order, items: Sequence[dict[str, Any]], lines: Sequence[Line]) -> None:
    """Store the tickets of a new order's lines; raises `InvalidInputError` for ids that other tickets have."""
    places = {
        ticket["external_id"]: f"/items/{position}/tickets/{number}/external_id"
        for position, item in enumerate(items)
        for number, ticket in enumerate(item["tickets"])
    }
    if not places:
        return
    session.flush()
    ids = _item_ids(session, order)
    kinds = {line.line: line.ticket_type_id for line in lines}
    rows = [
        {
            "tenant_id": order.tenant_id,
            "external_id": ticket["external_id"],
            "order_item_id": ids[item["line"]],
            "ticket_type_id": kinds[item["line"]],
            "holder_id": order.person_id,
        }
        for item in items
        for ticket in item["tickets"]
    ]
    statement = insert(Ticket).values(rows).on_conflict_do_nothing(index_elements=["tenant_id", "external_id"])
    stored = Counter(session.scalars(statement.returning(Ticket.external_id)))
    message = "another ticket has this id; every ticket needs its own"
    # Twice in one request, the second is the one that was not stored: it has the later place.
    taken = [name for name in places if not stored[name]]
    twice = [name for name, count in Counter(row["external_id"] for row in rows).items() if count > 1]
    problems = [FieldProblem(places[name], "unique", message) for name in dict.fromkeys([*taken, *twice])]
    if problems:
        raise InvalidInputError("tickets need ids of their own", errors=problems)


def void_tickets(session: Session, order: Order, refunds: Sequence[dict[str, Any]], lines: Sequence[Line]) -> None:
    """Void tickets after a step: all of them when it ended the order, else of lines whose tickets all went back."""
    status = VOID.get(order.status)
    if status is None and order.status != "partially_refunded":
        return
    ids = _item_ids(session, order)
    if status is None:
        bought = {line.line: line.quantity for line in lines}
        back: Counter[str] = Counter()
        for refund in refunds:
            back[refund["line"]] += refund["quantity"]
        ids = {line: item for line, item in ids.items() if back[line] >= bought[line]}
    session.execute(
        update(Ticket)
        .where(Ticket.tenant_id == order.tenant_id, Ticket.order_item_id.in_(ids.values()), Ticket.status == VALID)
        .values(status=status or "refunded")
    )


def _item_ids(session: Session, order: Order) -> dict[str, int]:
    query = select(OrderItem.line, OrderItem.id).where(
        OrderItem.tenant_id == order.tenant_id, OrderItem.order_id == order.id
    )
    return {row.line: row.id for row in session.execute(query)}
