"""Read models of orders: what lists and pages show, whole for the marketplace, an organiser's part for its staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.money import digits_of, share


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """One line; amounts are major units of the order's currency, ``value`` is its share of what was paid."""

    line: str
    live_event_id: str
    live_event_title: str
    organizer_id: str
    organizer_name: str
    ticket_type_id: str | None
    ticket_type_name: str | None
    quantity: int
    unit_price: Decimal
    fees: Decimal
    discount: Decimal
    value: Decimal
    refunded: Decimal
    refunded_quantity: int
    tickets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganizerShare:
    """What of an order is one organiser's."""

    organizer_id: str
    organizer_name: str
    quantity: int
    value: Decimal
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class TransitionView:
    """One change of an order's state."""

    transition_id: str
    status: str
    occurred_at: datetime
    recorded_at: datetime
    refunds: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order in a list. ``only_part``: only the lines of one organiser are counted and told.

    ``person_id`` (external id) is None for staff of an organiser: buyers are the marketplace's.
    """

    external_id: str
    status: str
    currency: str
    placed_at: datetime
    gross: Decimal
    refunded: Decimal
    quantity: int
    live_events: tuple[str, ...]
    organizers: tuple[str, ...]
    person_id: str | None
    only_part: bool


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """One order with its lines, shares and history; what belongs to others is left out for staff of an organiser."""

    order: OrderView
    net: Decimal | None
    fees: Decimal | None
    discount: Decimal | None
    visitor_id: str | None
    promo_code: str | None
    affiliate_id: str | None
    consent: dict[str, Any] | None
    lines: tuple[OrderLineView, ...]
    shares: tuple[OrganizerShare, ...]
    transitions: tuple[TransitionView, ...]
    allowed_next: tuple[str, ...]


def line_values(gross: Decimal, currency: str, lines: Sequence[Any]) -> list[Decimal]:
    """Each line's share of ``gross``, to the last minor unit; fees and discounts are stated for one ticket.

    Shares add up to the whole, also where totals hold something that no line does.
    """
    weights = [max(Decimal(0), (row.unit_price + row.fees - row.discount) * row.quantity) for row in lines]
    return share(gross, weights, digits_of(gross, currency)) if weights else []


def shares_of(lines: Sequence[OrderLineView]) -> tuple[OrganizerShare, ...]:
    """The lines summed up per organiser, in the order in which they first come."""
    found: dict[str, OrganizerShare] = {}
    for line in lines:
        before = found.get(line.organizer_id)
        found[line.organizer_id] = OrganizerShare(
            line.organizer_id,
            line.organizer_name,
            line.quantity + (before.quantity if before else 0),
            line.value + (before.value if before else Decimal(0)),
            line.refunded + (before.refunded if before else Decimal(0)),
        )
    return tuple(found.values())


def refunds_by_line(
    transitions: Sequence[Any], values: Mapping[str, Decimal], quantities: Mapping[str, int]
) -> dict[str, tuple[Decimal, int]]:
    """Line → amount and tickets paid back. A final step without a list pays back what was left of every line."""
    back: dict[str, tuple[Decimal, int]] = dict.fromkeys(values, (Decimal(0), 0))
    for step in transitions:
        for refund in step.refunds:
            amount, quantity = back.get(refund["line"], (Decimal(0), 0))
            back[refund["line"]] = (amount + Decimal(refund["amount"]), quantity + refund["quantity"])
        if step.status in {"refunded", "charged_back"} and not step.refunds:
            for line, value in values.items():
                back[line] = (max(value, back[line][0]), quantities[line])
    return back
