"""What an event is worth: its lines, and how the stated total is shared among them to the last minor unit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from core.delivery.stored import StoredEvent
from core.money import MAX_AMOUNT, MAX_DIGITS, digits_of, share

ORDER_COMPLETED = "order_completed"
PAGE_VIEW = "page_view"


@dataclass(frozen=True, slots=True)
class Line:
    """Tickets of one type of one live event (external ids); ``price`` is one ticket's, None where the page named none.

    ``value`` is the line's share of what the whole event is worth.
    """

    id: str
    live_event_id: str
    quantity: int
    price: Decimal | None = None
    value: Decimal | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the form in which a delivery keeps it."""
        price = None if self.price is None else format(self.price, "f")
        return {"id": self.id, "live_event_id": self.live_event_id, "quantity": self.quantity, "price": price}


@dataclass(frozen=True, slots=True)
class Basket:
    """All lines of an event; ``total`` is its worth in major units of ``currency``, without which there is no value."""

    lines: tuple[Line, ...] = ()
    total: Decimal | None = None
    currency: str | None = None

    def value_of(self, positions: Collection[int] | None) -> Decimal | None:
        """Return what some of the lines are worth together; None stands for the whole basket."""
        if self.currency is None:
            return None
        if positions is None:
            return self.total
        values = [self.lines[position].value for position in positions]
        known = [value for value in values if value is not None]
        return sum(known, Decimal(0)) if values and len(known) == len(values) else None


def read_basket(event: StoredEvent) -> Basket:
    """Read the lines and worth of an event; what is missing or malformed is left out, never guessed."""
    entries = event.payload.get("items")
    rows = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    if not rows and event.event_entity_id and event.event_name != PAGE_VIEW:
        rows = [event.payload]
    lines = tuple(_line(row, event.event_entity_id) for row in rows)
    currency = _text(event.payload.get("currency")) or None
    if event.event_name == ORDER_COMPLETED:
        return _order(lines, rows, amount(event.payload.get("gross_amount")), currency)
    return _cart(lines, _first_amount(event.payload, "value", "cart_value"), currency)


def live_events_of(event: StoredEvent) -> set[str]:
    """Return the external ids of every live event that an event is about."""
    named = {line.live_event_id for line in read_basket(event).lines} | {event.event_entity_id or ""}
    return named - {""}


def _order(
    lines: tuple[Line, ...], rows: Sequence[Mapping[str, Any]], gross: Decimal | None, currency: str | None
) -> Basket:
    if gross is None or currency is None:
        return Basket(lines)
    shares = share(gross, [_weight(row) for row in rows], digits_of(gross, currency))
    valued = tuple(_valued(line, value) for line, value in zip(lines, shares, strict=True))
    return Basket(valued, gross, currency)


def _cart(lines: tuple[Line, ...], stated: Decimal | None, currency: str | None) -> Basket:
    # The browser pixel computes a part's value in the same way, and both copies must agree.
    valued = tuple(_valued(line, None if line.price is None else line.price * line.quantity) for line in lines)
    sums = [line.value for line in valued if line.value is not None]
    summed = sum(sums, Decimal(0)) if sums and len(sums) == len(valued) else None
    total = summed if stated is None else stated
    return Basket(valued, total, currency)


def amount(value: Any) -> Decimal | None:
    """Read a decimal string of a payload; None for anything else."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    try:
        parsed = Decimal(value)
    except InvalidOperation:
        return None
    return parsed if parsed.is_finite() and abs(parsed) < MAX_AMOUNT and parsed == round(parsed, MAX_DIGITS) else None


def _line(row: Mapping[str, Any], entity: str | None) -> Line:
    live_event = _text(row.get("live_event_id")) or entity or ""
    price = amount(row.get("unit_price"))
    return Line(
        id=_text(row.get("ticket_type_id")) or live_event,
        live_event_id=live_event,
        quantity=_quantity(row),
        price=amount(row.get("price")) if price is None else price,
    )


def _quantity(row: Mapping[str, Any]) -> int:
    value = row.get("quantity", row.get("qty", 1))
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 1


def _weight(row: Mapping[str, Any]) -> Decimal:
    # Fees and discounts are stated for one ticket, like the price.
    price, fees, discount = (amount(row.get(name)) or Decimal(0) for name in ("unit_price", "fees", "discount"))
    return max(Decimal(0), (price + fees - discount) * _quantity(row))


def _valued(line: Line, value: Decimal | None) -> Line:
    return Line(line.id, line.live_event_id, line.quantity, line.price, value)


def _first_amount(payload: Mapping[str, Any], *names: str) -> Decimal | None:
    return next((value for name in names if (value := amount(payload.get(name))) is not None), None)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
