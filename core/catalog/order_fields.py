"""Fields of an order that happened before, as imports read them: what they may hold, and their normal forms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.catalog.order_states import STATUSES
from core.catalog.person_fields import read_person
from core.errors import FieldProblem
from core.money import MAX_AMOUNT, MoneyError, known_currency, parse_amount

OLDEST = timedelta(days=20 * 366)
TOLERANCE = timedelta(days=1)
MOST_ID, MOST_VISITOR, MOST_LINES, MOST_TICKETS = 128, 64, 200, 10_000
TOTALS = ("gross", "net", "fees", "discount")
PRICES = ("unit_price", "fees", "discount")
ZERO = Decimal(0)
PAID_BACK = frozenset({"partially_refunded", "refunded"})
OPTIONAL = {"visitor_id": MOST_VISITOR, "session_id": MOST_VISITOR, "promo_code": MOST_ID, "affiliate_id": MOST_ID}


def read_order(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Return a clean order and everything that is wrong with the row. Fast, since imports call it for every order.

    As in the orders API, with every state an order can have by now; totals that are missing are those of the lines.
    """
    clean: dict[str, Any] = {}
    problems = list(_head(row, clean))
    currency = clean.get("currency")
    clean["items"] = []
    if currency:
        problems += _items(row.get("items"), currency, clean["items"])
        if not problems:
            problems += _totals(row.get("totals") or {}, currency, clean)
            problems += _refunds(row.get("refunds"), clean)
    problems += _person(row.get("person"), clean)
    problems += _consent(row.get("consent"), clean)
    return clean, problems


def _head(row: Mapping[str, Any], clean: dict[str, Any]) -> Iterator[FieldProblem]:
    number = _id(row.get("external_id"))
    if number is None:
        yield FieldProblem("/external_id", "required", f"send the order's number, a text of 1 to {MOST_ID} characters")
    status, currency = row.get("status", "completed"), row.get("currency")
    if status not in STATUSES:
        yield FieldProblem("/status", "choice", f"use one of {', '.join(STATUSES)}")
    if not isinstance(currency, str) or not known_currency(currency):
        yield FieldProblem("/currency", "currency", "use an ISO 4217 code such as EUR")
    else:
        clean["currency"] = currency
    clean |= {"external_id": number, "status": status}
    for name in ("placed_at", "status_at"):
        given = row.get(name)
        if given is None and name == "status_at":
            continue
        moment = read_moment(given)
        if moment is None:
            yield FieldProblem(f"/{name}", "time", "send when it happened, with zone: 2026-03-01T10:00:00Z")
        clean[name] = moment
    for name, most in OPTIONAL.items():
        given = row.get(name)
        clean[name] = _id(given, most)
        if given not in {None, ""} and clean[name] is None:
            yield FieldProblem(f"/{name}", "length", f"use a text of at most {most} characters")


def _items(given: Any, currency: str, items: list[dict[str, Any]]) -> Iterator[FieldProblem]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_LINES:
        yield FieldProblem("/items", "length", f"send 1 to {MOST_LINES} lines")
        return
    names: set[str] = set()
    for position, sent in enumerate(given):
        place = f"/items/{position}"
        if not isinstance(sent, Mapping):
            yield FieldProblem(place, "type", "send an object with the line's fields")
            continue
        item: dict[str, Any] = {"line": _id(sent.get("line")) or str(position + 1)}
        if item["line"] in names:
            yield FieldProblem(f"{place}/line", "unique", "give every line its own name")
        names.add(item["line"])
        item["live_event_id"] = _id(sent.get("live_event_id"))
        if item["live_event_id"] is None:
            yield FieldProblem(f"{place}/live_event_id", "required", "name the live event that the tickets are for")
        item["ticket_type_id"] = _id(sent.get("ticket_type_id"))
        item["quantity"] = sent.get("quantity", 1)
        if type(item["quantity"]) is not int or not 1 <= item["quantity"] <= MOST_TICKETS:
            yield FieldProblem(f"{place}/quantity", "range", f"send a whole number from 1 to {MOST_TICKETS}")
        yield from _amounts(sent, PRICES, currency, place, item)
        yield from _tickets(sent.get("tickets"), place, item)
        items.append(item)


def _tickets(given: Any, place: str, item: dict[str, Any]) -> Iterator[FieldProblem]:
    sent = given if isinstance(given, list) else [] if given is None else [given]
    tickets = [_id(entry.get("external_id") if isinstance(entry, Mapping) else entry) for entry in sent]
    item["tickets"] = [ticket for ticket in tickets if ticket is not None]
    if len(item["tickets"]) < len(sent):
        yield FieldProblem(f"{place}/tickets", "type", 'send tickets as [{"external_id": "…"}]')


def _totals(given: Any, currency: str, clean: dict[str, Any]) -> Iterator[FieldProblem]:
    if not isinstance(given, Mapping):
        yield FieldProblem("/totals", "type", "send an object with gross, net, fees and discount")
        return
    totals: dict[str, Any] = {}
    yield from _amounts(given, TOTALS, currency, "/totals", totals, required=False)
    if "gross" not in given:
        totals["gross"] = max(summed(clean["items"]), ZERO)
        if totals["gross"] >= MAX_AMOUNT:
            message = f"the lines come to {totals['gross']}; an order may come to less than {MAX_AMOUNT}"
            yield FieldProblem("/totals/gross", "amount", message)
    if "net" not in given:
        totals["net"] = totals.get("gross", ZERO)
    clean["totals"] = totals


def summed(items: Iterable[Mapping[str, Any]]) -> Decimal:
    """What lines come to; each has amounts named by `PRICES` and a quantity."""
    return sum(((item["unit_price"] + item["fees"] - item["discount"]) * item["quantity"] for item in items), ZERO)


def _refunds(given: Any, clean: dict[str, Any]) -> Iterator[FieldProblem]:
    clean["refunds"] = refunds = []
    if given is None or given == []:
        if clean["status"] == "partially_refunded":
            yield FieldProblem("/refunds", "required", "say which lines were paid back, and how much")
        return
    if not isinstance(given, list) or clean["status"] not in PAID_BACK:
        yield FieldProblem("/refunds", "status", "send a list, for orders that are refunded or partially_refunded")
        return
    lines, total = {item["line"]: item["quantity"] for item in clean["items"]}, ZERO
    for position, sent in enumerate(given):
        place = f"/refunds/{position}"
        if not isinstance(sent, Mapping) or sent.get("line") not in lines:
            yield FieldProblem(f"{place}/line", "exists", f"the lines of this order are: {', '.join(lines)}")
            continue
        back: dict[str, Any] = {}
        yield from _amounts(sent, ("amount",), clean["currency"], place, back)
        quantity = sent.get("quantity", 0)
        if type(quantity) is not int or not 0 <= quantity <= lines[sent["line"]]:
            yield FieldProblem(f"{place}/quantity", "range", f"{lines[sent['line']]} were bought")
        total += back.get("amount", ZERO)
        refunds.append({"line": sent["line"], "quantity": quantity, "amount": format(back.get("amount", ZERO), "f")})
    if total > clean.get("totals", {}).get("gross", ZERO):
        yield FieldProblem("/refunds", "total", "all refunds together may not exceed what was paid")


def _amounts(
    given: Mapping[str, Any], names: tuple[str, ...], currency: str, place: str, found: dict[str, Any], **how: bool
) -> Iterator[FieldProblem]:
    """Read amounts; the first of ``names`` must be there unless ``required`` is False."""
    for name in names:
        text = given.get(name)
        if text is None and (name != names[0] or not how.get("required", True)):
            found[name] = ZERO
            continue
        try:
            found[name] = parse_amount(text if isinstance(text, str) else "", currency)
        except MoneyError as exc:
            found[name] = ZERO
            yield FieldProblem(f"{place}/{name}", "amount", str(exc))


def _person(given: Any, clean: dict[str, Any]) -> Iterator[FieldProblem]:
    clean["person"] = None
    if given is None:
        return
    person, problems = read_person(given)
    for problem in problems:
        yield FieldProblem(f"/person{problem.pointer}", problem.rule, problem.message)
    clean["person"] = person


def _consent(given: Any, clean: dict[str, Any]) -> Iterator[FieldProblem]:
    clean["consent"] = None
    if given is None:
        return
    said, problems = read_person({"external_id": "-", "consent": given})
    yield from problems
    clean["consent"] = said.get("consent")


def _id(value: Any, most: int = MOST_ID) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if 0 < len(text) <= most and "\0" not in text else None


def read_moment(value: Any) -> datetime | None:
    """When an order was placed or changed; None for what is no time with zone, or too long ago."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        return None
    now = datetime.now(UTC)
    return moment if now - OLDEST <= moment <= now + TOLERANCE else None
