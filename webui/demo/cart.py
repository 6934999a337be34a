"""The demo's cart: ticket types and quantities in the session cookie, prices always from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import session
from flask_babel import gettext as _
from flask_babel import ngettext

from core.catalog.api import LiveEventView, TicketTypeView, get_live_events, ticket_types

KEY = "demo_cart"
MAX_QUANTITY = 10
MAX_LINES = 20


class CartError(Exception):
    """The cart cannot take this; the message is for the visitor."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """Some tickets of one type."""

    event: LiveEventView
    ticket: TicketTypeView
    quantity: int

    @property
    def total(self) -> Decimal:
        """Price of the line in major units of the cart's currency."""
        return self.ticket.price * self.quantity


@dataclass(frozen=True, slots=True)
class Cart:
    """All lines; every line has the same currency."""

    lines: tuple[CartLine, ...]

    @property
    def currency(self) -> str:
        """The one currency, empty for an empty cart."""
        return self.lines[0].ticket.currency if self.lines else ""

    @property
    def total(self) -> Decimal:
        """Sum of the lines in major units."""
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def live_event_ids(self) -> list[str]:
        """External ids of the live events in the cart."""
        return [line.event.external_id for line in self.lines]

    def items(self) -> list[dict[str, Any]]:
        """The lines as the SDK's cart events want them."""
        return [cart_item(line) for line in self.lines]


def cart_item(line: CartLine) -> dict[str, Any]:
    """Return one line as the SDK's cart events want it."""
    return {
        "live_event_id": line.event.external_id,
        "ticket_type_id": line.ticket.external_id,
        "qty": line.quantity,
        "price": f"{line.ticket.price:.2f}",
    }


def count() -> int:
    """Number of tickets in the cart, without asking the catalogue."""
    return sum(quantity for _, _, quantity in _stored())


def load(tenant_id: int) -> Cart:
    """Return the cart; tickets that are no longer sold drop out."""
    stored = _stored()
    if not stored:
        return Cart(())
    events = {event.external_id: event for event in get_live_events(tenant_id, [line[0] for line in stored])}
    tickets = {
        (event.external_id, ticket.external_id): ticket
        for event in events.values()
        for ticket in ticket_types(tenant_id, event.id)
    }
    return Cart(
        tuple(
            CartLine(events[event_id], tickets[event_id, ticket_id], quantity)
            for event_id, ticket_id, quantity in stored
            if (event_id, ticket_id) in tickets
        )
    )


def add(tenant_id: int, event: LiveEventView, quantities: dict[str, int]) -> list[CartLine]:
    """Put tickets in the cart, by ticket type id; returns the added lines, raises `CartError`."""
    if event.status != "on_sale":
        raise CartError(_("Tickets for this event are not on sale."))
    cart = load(tenant_id)
    if cart.lines and cart.currency != event.currency:
        raise CartError(
            _(
                "Your cart holds tickets in %(mine)s, these are sold in %(theirs)s. "
                "Finish that order or empty the cart first.",
                mine=cart.currency,
                theirs=event.currency,
            )
        )
    known = {ticket.external_id: ticket for ticket in ticket_types(tenant_id, event.id)}
    added = [CartLine(event, known[name], number) for name, number in quantities.items() if name in known and number]
    if not added:
        raise CartError(_("Choose how many tickets you would like."))
    merged = {(event_id, ticket_id): quantity for event_id, ticket_id, quantity in _stored()}
    for line in added:
        place = (event.external_id, line.ticket.external_id)
        wanted = merged.get(place, 0) + line.quantity
        if wanted > allowed(line.ticket):
            most = allowed(line.ticket)
            raise CartError(
                ngettext(
                    "At most %(num)d ticket «%(name)s» per order.",
                    "At most %(num)d tickets «%(name)s» per order.",
                    most,
                    name=line.ticket.name,
                )
            )
        merged[place] = wanted
    if len(merged) > MAX_LINES:
        raise CartError(
            ngettext(
                "A cart holds %(num)d kind of ticket.", "A cart holds at most %(num)d kinds of tickets.", MAX_LINES
            )
        )
    _store(merged)
    return added


def change(event_id: str, ticket_id: str, quantity: int) -> None:
    """Set the quantity of a line that is in the cart; 0 removes it."""
    merged = {(known_event, known_ticket): number for known_event, known_ticket, number in _stored()}
    if (event_id, ticket_id) in merged:
        merged[event_id, ticket_id] = min(max(quantity, 0), MAX_QUANTITY)
    _store(merged)


def clear() -> None:
    """Empty the cart."""
    session.pop(KEY, None)


def allowed(ticket: TicketTypeView) -> int:
    """How many of a ticket type one order may hold."""
    return MAX_QUANTITY if ticket.left is None else min(ticket.left, MAX_QUANTITY)


def _stored() -> list[tuple[str, str, int]]:
    return [(str(line[0]), str(line[1]), int(line[2])) for line in session.get(KEY, [])]


def _store(lines: dict[tuple[str, str], int]) -> None:
    session[KEY] = [[event, ticket, number] for (event, ticket), number in lines.items() if number > 0]
