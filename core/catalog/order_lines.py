"""Lines of an order with what they refer to resolved, from a request or from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.api import organizer_external_ids
from core.catalog.models import LiveEvent, TicketType
from core.catalog.order_models import OrderItem
from core.errors import FieldProblem, InvalidInputError


@dataclass(frozen=True, slots=True)
class Line:
    """One line; amounts are major units of the order's currency."""

    line: str
    live_event_id: int
    live_event_external_id: str
    organizer_id: int
    organizer_external_id: str
    ticket_type_id: int | None
    ticket_type_external_id: str | None
    quantity: int
    unit_price: Decimal
    fees: Decimal
    discount: Decimal


def resolve_lines(session: Session, tenant_id: int, items: Sequence[dict[str, Any]]) -> list[Line]:
    """Resolve the lines of a request; raises `InvalidInputError` naming every unknown reference."""
    events = {
        row.external_id: row
        for row in session.scalars(
            select(LiveEvent).where(
                LiveEvent.tenant_id == tenant_id, LiveEvent.external_id.in_({item["live_event_id"] for item in items})
            )
        )
    }
    types = {
        row.external_id: row
        for row in session.scalars(
            select(TicketType).where(
                TicketType.tenant_id == tenant_id,
                TicketType.external_id.in_({item["ticket_type_id"] for item in items if item["ticket_type_id"]}),
            )
        )
    }
    organizers = organizer_external_ids(session, tenant_id, {row.organizer_id for row in events.values()})
    problems = [
        problem
        for position, item in enumerate(items)
        if (problem := _unknown(position, item, events, types)) is not None
    ]
    if problems:
        raise InvalidInputError("the order refers to things that are not known", errors=problems)
    return [_line(item, events[item["live_event_id"]], types.get(item["ticket_type_id"]), organizers) for item in items]


def _unknown(
    position: int, item: dict[str, Any], events: dict[str, LiveEvent], types: dict[str, TicketType]
) -> FieldProblem | None:
    event, kind_id = events.get(item["live_event_id"]), item["ticket_type_id"]
    if event is None:
        message = f"no live event {item['live_event_id']!r} in the catalogue; send it there first"
        return FieldProblem(f"/items/{position}/live_event_id", "exists", message)
    if kind_id and (kind_id not in types or types[kind_id].live_event_id != event.id):
        message = f"no ticket type {kind_id!r} of this live event in the catalogue; send it there first"
        return FieldProblem(f"/items/{position}/ticket_type_id", "exists", message)
    return None


def _line(item: dict[str, Any], event: LiveEvent, kind: TicketType | None, organizers: dict[int, str]) -> Line:
    return Line(
        item["line"],
        event.id,
        event.external_id,
        event.organizer_id,
        organizers[event.organizer_id],
        kind.id if kind else None,
        kind.external_id if kind else None,
        item["quantity"],
        item["unit_price"],
        item["fees"],
        item["discount"],
    )


def stored_lines(session: Session, tenant_id: int, order_id: int) -> list[Line]:
    """The lines of a stored order, in their order of arrival."""
    rows = session.execute(
        select(OrderItem, LiveEvent.external_id, TicketType.external_id)
        .join(LiveEvent, LiveEvent.id == OrderItem.live_event_id)
        .outerjoin(TicketType, TicketType.id == OrderItem.ticket_type_id)
        .where(OrderItem.tenant_id == tenant_id, OrderItem.order_id == order_id)
        .order_by(OrderItem.id)
    ).all()
    organizers = organizer_external_ids(session, tenant_id, {item.organizer_id for item, _, _ in rows})
    return [
        Line(
            item.line,
            item.live_event_id,
            event,
            item.organizer_id,
            organizers[item.organizer_id],
            item.ticket_type_id,
            kind,
            item.quantity,
            item.unit_price,
            item.fees,
            item.discount,
        )
        for item, event, kind in rows
    ]
