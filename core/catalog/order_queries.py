"""Reading orders: lists by keyset that stay fast on millions, one order with everything about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.accounts.api import ORGANIZERS, Actor, get_organizer
from core.catalog.models import LiveEvent, TicketType
from core.catalog.order_models import Order, OrderItem, OrderTransition
from core.catalog.order_states import STATUSES, TRANSITIONS
from core.catalog.order_views import (
    OrderDetail,
    OrderLineView,
    OrderView,
    TransitionView,
    line_values,
    refunds_by_line,
    shares_of,
)
from core.catalog.person_models import Person
from core.catalog.shop_models import Ticket
from core.db.session import tenant_session
from core.errors import FieldProblem, InvalidInputError, NotFoundError
from core.money import in_digits
from core.paging import Page, clamp, decode_cursor, encode_cursor

# Every order once, newest first, straight from an index; the planner must never think of sorting them all.
DIRECT = """
SELECT o.placed_at, o.id FROM orders o WHERE o.tenant_id = :tenant {conditions}
ORDER BY o.placed_at DESC, o.id DESC LIMIT :size
"""
# The lines' index gives the keys in order; each order is then looked at, one after the other, until there are enough.
BY_LINES = """
SELECT k.placed_at, k.order_id AS id FROM (
  SELECT i.placed_at, i.order_id FROM order_items i WHERE i.tenant_id = :tenant {line_conditions}
  GROUP BY i.placed_at, i.order_id ORDER BY i.placed_at DESC, i.order_id DESC {enough}
) k CROSS JOIN LATERAL (
  SELECT 1 FROM orders o WHERE o.id = k.order_id AND o.tenant_id = :tenant {conditions} OFFSET 0
) o LIMIT :size
"""

LINES = {"organizer": "i.organizer_id = :organizer", "event": "i.live_event_id = :event"}
COUNTED = """
SELECT count(*) FROM (SELECT 1 FROM order_items i WHERE i.tenant_id = :tenant {conditions} LIMIT :most + 1) counted
"""
MANY = 20_000


def list_orders(
    actor: Actor,
    *,
    status: str | None = None,
    organizer_id: str | None = None,
    live_event_id: str | None = None,
    person_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    search: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[OrderView]:
    """Orders placed from ``since`` on and before ``until``, newest first; ids are external, ``search`` a whole number.

    Staff of an organiser see orders with its lines only. Raises `InvalidInputError` for an unknown status or a cursor
    of another list, `NotFoundError` for an organiser that is unknown or not theirs.
    """
    if status is not None and status not in STATUSES:
        problem = FieldProblem("/status", "choice", f"use one of {', '.join(STATUSES)}")
        raise InvalidInputError("there is no such status", errors=[problem])
    before = decode_cursor(cursor, datetime, int)
    size = clamp(limit)
    organizer = _organizer(actor, organizer_id)
    with tenant_session(actor.tenant_id) as session:
        values: dict[str, Any] = {
            "tenant": actor.tenant_id,
            "organizer": organizer,
            "event": _live_event(session, actor.tenant_id, live_event_id),
            "person": _person(session, actor, person_id),
            "status": status,
            "number": search or None,
            "since": since,
            "until": until,
            "before_at": before[0] if before else None,
            "before_id": before[1] if before else None,
            "size": size + 1,
        }
        keys = session.execute(_statement(values, _many(session, values)), values).all()
        items = _views(session, actor, [row.id for row in keys[:size]])
    last = keys[size - 1] if len(keys) > size else None
    return Page(items, encode_cursor(last.placed_at, last.id) if last else None)


def _many(session: Session, values: dict[str, Any]) -> bool:
    """Whether so many orders have lines of the organiser or live event that looking at each would take long.

    Then going through the orders of a state meets theirs often enough.
    """
    if values["status"] is None or (values["organizer"] is None and values["event"] is None):
        return False
    conditions = " ".join(f"AND {LINES[name]}" for name in LINES if values[name] is not None)
    return bool(session.scalar(text(COUNTED.format(conditions=conditions)), {**values, "most": MANY}) > MANY)


def _statement(values: dict[str, Any], many: bool) -> Any:
    """The list's statement with the conditions that have a value."""

    def having(conditions: dict[str, str]) -> str:
        return " ".join(f"AND {condition}" for name, condition in conditions.items() if values[name] is not None)

    own = {
        "status": "o.status = :status",
        "person": "o.person_id = :person",
        "number": "o.external_id = :number",
    }
    place = "({0}placed_at, {1}) < (:before_at, :before_id)"
    period = {"since": "{0}placed_at >= :since", "until": "{0}placed_at < :until", "before_at": place}
    of_orders = {name: condition.format("o.", "o.id") for name, condition in period.items()}
    of_lines = {name: condition.format("i.", "i.order_id") for name, condition in period.items()}
    if values["organizer"] is None and values["event"] is None:
        return text(DIRECT.format(conditions=having({**own, **of_orders})))
    if values["number"] is not None or values["person"] is not None or many:
        lines = "EXISTS (SELECT 1 FROM order_items i WHERE i.tenant_id = :tenant AND i.order_id = o.id {0} OFFSET 0)"
        part = having(LINES)
        return text(DIRECT.format(conditions=f"{having({**own, **of_orders})} AND {lines.format(part)}"))
    chosen = {**LINES, **of_lines}
    # Without it the planner would sort all lines of a big organiser.
    enough = "" if values["status"] is not None else "LIMIT :size"
    return text(BY_LINES.format(line_conditions=having(chosen), conditions=having(own), enough=enough))


def _organizer(actor: Actor, external_id: str | None) -> int | None:
    if external_id is None:
        return actor.organizer_id
    wanted = get_organizer(actor.tenant_id, external_id=external_id).id
    if actor.organizer_id not in {None, wanted}:
        raise NotFoundError("there is no such organiser in this marketplace")
    return wanted


def _live_event(session: Session, tenant_id: int, external_id: str | None) -> int | None:
    if external_id is None:
        return None
    query = select(LiveEvent.id).where(LiveEvent.tenant_id == tenant_id, LiveEvent.external_id == external_id)
    return session.scalar(query) or 0


def _person(session: Session, actor: Actor, external_id: str | None) -> int | None:
    if external_id is None:
        return None
    if actor.organizer_id is not None:
        return 0
    query = select(Person).where(Person.tenant_id == actor.tenant_id, Person.external_id == external_id)
    person = session.scalars(query).one_or_none()
    return (person.root_id or person.id) if person else 0


def get_order(actor: Actor, external_id: str) -> OrderDetail:
    """One order; raises `NotFoundError` when there is none or no line of it is the actor's."""
    with tenant_session(actor.tenant_id) as session:
        query = select(Order.id).where(Order.tenant_id == actor.tenant_id, Order.external_id == external_id)
        found = session.scalar(query)
        read = _read(session, actor, [found] if found else [])
        if found is None or found not in read.lines:
            raise NotFoundError(f"there is no order {external_id!r}, or it is not yours")
        order = read.orders[found]
        lines = _with_tickets(session, actor.tenant_id, found, read.lines[found])
        view = _view(actor, read, found)
    steps = read.steps.get(found, [])
    whole = actor.organizer_id is None
    return OrderDetail(
        view,
        in_digits(order.net, order.currency) if whole else None,
        in_digits(order.fees, order.currency) if whole else None,
        in_digits(order.discount, order.currency) if whole else None,
        order.visitor_id if whole else None,
        order.promo_code,
        order.affiliate_id,
        order.consent if whole else None,
        tuple(lines),
        shares_of(lines),
        tuple(_step(step, {line.line for line in lines}) for step in steps),
        tuple(sorted(TRANSITIONS.get(order.status, ()))),
    )


@dataclass(slots=True)
class _Read:
    """Rows of some orders; ``lines`` holds what the actor may see, and no order of which that is nothing."""

    orders: dict[int, Order]
    lines: dict[int, list[OrderLineView]]
    steps: dict[int, list[OrderTransition]]
    persons: dict[int, str]


def _read(session: Session, actor: Actor, ids: Sequence[int]) -> _Read:
    tenant_id = actor.tenant_id
    orders = {
        row.id: row for row in session.scalars(select(Order).where(Order.tenant_id == tenant_id, Order.id.in_(ids)))
    }
    steps: dict[int, list[OrderTransition]] = {}
    query = select(OrderTransition).where(OrderTransition.tenant_id == tenant_id, OrderTransition.order_id.in_(ids))
    for step in session.scalars(query.order_by(OrderTransition.id)):
        steps.setdefault(step.order_id, []).append(step)
    items: dict[int, list[OrderItem]] = {}
    query_items = select(OrderItem).where(OrderItem.tenant_id == tenant_id, OrderItem.order_id.in_(ids))
    for item in session.scalars(query_items.order_by(OrderItem.id)):
        items.setdefault(item.order_id, []).append(item)
    names = _names(session, tenant_id, [item for found in items.values() for item in found])
    lines: dict[int, list[OrderLineView]] = {}
    for order_id, found in items.items():
        made = _lines(orders[order_id], found, steps.get(order_id, []), names)
        own = [line for line, item in zip(made, found, strict=True) if actor.organizer_id in {None, item.organizer_id}]
        if own:
            lines[order_id] = own
    buyers = {row.person_id for row in orders.values() if row.person_id}
    named = select(Person.id, Person.external_id).where(Person.tenant_id == tenant_id, Person.id.in_(buyers))
    persons = {row.id: row.external_id for row in session.execute(named)} if buyers else {}
    return _Read(orders, lines, steps, persons)


@dataclass(slots=True)
class _Names:
    """What the rows are called that lines refer to, by id: found one by one, never by joining whole catalogues."""

    sellers: dict[int, Any]
    events: dict[int, Any]
    kinds: dict[int, Any]


def _names(session: Session, tenant_id: int, items: Sequence[OrderItem]) -> _Names:
    events = select(LiveEvent.id, LiveEvent.external_id, LiveEvent.title).where(
        LiveEvent.tenant_id == tenant_id, LiveEvent.id.in_({item.live_event_id for item in items})
    )
    kinds = select(TicketType.id, TicketType.external_id, TicketType.name).where(
        TicketType.tenant_id == tenant_id, TicketType.id.in_({item.ticket_type_id for item in items} - {None})
    )
    return _Names(
        ORGANIZERS.by_id(session, tenant_id, {item.organizer_id for item in items}),
        {row.id: row for row in session.execute(events)},
        {row.id: row for row in session.execute(kinds)},
    )


def _lines(
    order: Order, items: Sequence[OrderItem], steps: Sequence[OrderTransition], names: _Names
) -> list[OrderLineView]:
    values = line_values(order.gross, order.currency, items)
    worth = {item.line: value for item, value in zip(items, values, strict=True)}
    back = refunds_by_line(steps, worth, {item.line: item.quantity for item in items})
    return [_line(order, item, worth[item.line], back[item.line], names) for item in items]


def _line(order: Order, item: OrderItem, value: Decimal, back: tuple[Decimal, int], names: _Names) -> OrderLineView:
    event, seller = names.events[item.live_event_id], names.sellers[item.organizer_id]
    kind = names.kinds[item.ticket_type_id] if item.ticket_type_id else None
    return OrderLineView(
        item.line,
        event.external_id,
        event.title,
        seller.external_id,
        seller.name,
        kind.external_id if kind else None,
        kind.name if kind else None,
        item.quantity,
        in_digits(item.unit_price, order.currency),
        in_digits(item.fees, order.currency),
        in_digits(item.discount, order.currency),
        value,
        in_digits(back[0], order.currency),
        back[1],
    )


def _with_tickets(
    session: Session, tenant_id: int, order_id: int, lines: Sequence[OrderLineView]
) -> list[OrderLineView]:
    rows = session.execute(
        select(OrderItem.line, Ticket.external_id)
        .join(OrderItem, OrderItem.id == Ticket.order_item_id)
        .where(Ticket.tenant_id == tenant_id, OrderItem.order_id == order_id)
        .order_by(Ticket.id)
    )
    tickets: dict[str, list[str]] = {}
    for line, ticket in rows:
        tickets.setdefault(line, []).append(ticket)
    return [replace(line, tickets=tuple(tickets.get(line.line, ()))) for line in lines]


def _views(session: Session, actor: Actor, ids: Sequence[int]) -> list[OrderView]:
    read = _read(session, actor, ids) if ids else _Read({}, {}, {}, {})
    return [_view(actor, read, order_id) for order_id in ids if order_id in read.lines]


def _view(actor: Actor, read: _Read, order_id: int) -> OrderView:
    order, lines = read.orders[order_id], read.lines[order_id]
    partial = actor.organizer_id is not None
    return OrderView(
        order.external_id,
        order.status,
        order.currency,
        order.placed_at,
        sum((line.value for line in lines), Decimal(0)) if partial else in_digits(order.gross, order.currency),
        in_digits(sum((line.refunded for line in lines), Decimal(0)), order.currency),
        sum(line.quantity for line in lines),
        tuple(dict.fromkeys(line.live_event_title for line in lines)),
        tuple(dict.fromkeys(line.organizer_name for line in lines)),
        None if partial else read.persons.get(order.person_id or 0),
        partial,
    )


def _step(step: OrderTransition, lines: set[str]) -> TransitionView:
    own = tuple(refund for refund in step.refunds if refund["line"] in lines)
    return TransitionView(step.transition_id, step.status, step.occurred_at, step.created_at, own)
