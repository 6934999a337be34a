"""What may be paid back of an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.order_lines import Line
from core.catalog.order_models import Order, OrderTransition
from core.catalog.order_states import EVENT_OF, REPEATABLE
from core.errors import FieldProblem, InvalidInputError
from core.money import MoneyError, format_amount, parse_amount


@dataclass(slots=True)
class PaidBack:
    """What transitions paid back: amount in the order's currency, amount and tickets per line."""

    amount: Decimal = Decimal(0)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    quantities: Counter[str] = field(default_factory=Counter)

    def add(self, line: str, quantity: int, amount: Decimal) -> None:
        """Count one refund."""
        self.amount += amount
        self.amounts[line] = self.amounts.get(line, Decimal(0)) + amount
        self.quantities[line] += quantity

    def copy(self) -> PaidBack:
        """Return one to count on with."""
        return PaidBack(self.amount, dict(self.amounts), self.quantities.copy())


@dataclass(frozen=True, slots=True)
class Refunds:
    """The refunds of one transition with normal amounts, and what the transition is worth in all."""

    rows: tuple[dict[str, Any], ...]
    amount: Decimal


def checked_refunds(session: Session, order: Order, data: dict[str, Any], lines: list[Line]) -> Refunds:
    """Check a transition's refunds; raises `InvalidInputError` for unknown lines or more than was bought or paid.

    A transition that lists none is worth what is left of the order.
    """
    wanted, status = data["refunds"], data["status"]
    before = _paid_back(session, order)
    problems = list(_misplaced(status, wanted))
    rows, total, most_of = [], before.copy(), _most_of(order, lines)
    for position, refund in enumerate(wanted):
        try:
            amount = parse_amount(refund["amount"], order.currency)
        except MoneyError as exc:
            problems.append(FieldProblem(f"/refunds/{position}/amount", "amount", str(exc)))
            continue
        total.add(refund["line"], refund["quantity"], amount)
        rows.append({**refund, "amount": format_amount(amount, order.currency)})
        problems.extend(_beyond_line(position, refund, lines, total, most_of))
    if total.amount > order.gross:
        most = format_amount(order.gross, order.currency)
        message = f"all refunds together may not exceed {most} {order.currency}"
        problems.append(FieldProblem("/refunds", "total", message))
    if problems:
        raise InvalidInputError("the refund does not fit the order", errors=problems)
    return Refunds(tuple(rows), total.amount - before.amount if rows else order.gross - before.amount)


def told_steps(session: Session, order: Order, event_name: str) -> list[tuple[str, Decimal]]:
    """The order's own changes that emitted this event, which must be repeatable: transition id and amount, in order."""
    if event_name not in REPEATABLE:
        return []
    rows = session.scalars(
        select(OrderTransition)
        .where(OrderTransition.tenant_id == order.tenant_id, OrderTransition.order_id == order.id)
        .order_by(OrderTransition.id)
    )
    before, steps = Decimal(0), []
    for row in rows:
        listed = sum((Decimal(refund["amount"]) for refund in row.refunds), Decimal(0))
        if EVENT_OF[row.status] == event_name:
            steps.append((row.transition_id, listed if row.refunds else order.gross - before))
        before += listed
    return steps


def _misplaced(status: str, wanted: list[dict[str, Any]]) -> Iterator[FieldProblem]:
    if status == "partially_refunded" and not wanted:
        yield FieldProblem("/refunds", "required", "say which lines are paid back, and how much")
    if status not in {"partially_refunded", "refunded"} and wanted:
        yield FieldProblem("/refunds", "status", f"leave refunds out when the status becomes {status!r}")


def _most_of(order: Order, lines: list[Line]) -> dict[str, str]:
    """Line → the most that may be paid back for it: what it cost, and what of the order belongs to no line.

    A line that may take the whole order is left out: the order's own limit holds for it.
    """
    costs = {line.line: (line.unit_price + line.fees - line.discount) * line.quantity for line in lines}
    rest = max(Decimal(0), order.gross - sum(costs.values(), Decimal(0)))
    limits = {line: max(Decimal(0), cost) + rest for line, cost in costs.items()}
    return {line: format_amount(most, order.currency) for line, most in limits.items() if most < order.gross}


def _beyond_line(
    position: int, refund: dict[str, Any], lines: list[Line], total: PaidBack, most_of: dict[str, str]
) -> Iterator[FieldProblem]:
    bought = {line.line: line.quantity for line in lines}
    if refund["line"] not in bought:
        message = f"the lines of this order are: {', '.join(sorted(bought))}"
        yield FieldProblem(f"/refunds/{position}/line", "exists", message)
    elif total.quantities[refund["line"]] > bought[refund["line"]]:
        message = f"{bought[refund['line']]} were bought, and all refunds of a line together may not exceed that"
        yield FieldProblem(f"/refunds/{position}/quantity", "total", message)
    elif refund["line"] in most_of and total.amounts[refund["line"]] > Decimal(most_of[refund["line"]]):
        message = f"all refunds of this line together may not exceed {most_of[refund['line']]}, which it cost"
        yield FieldProblem(f"/refunds/{position}/amount", "total", message)


def _paid_back(session: Session, order: Order) -> PaidBack:
    rows = session.scalars(
        select(OrderTransition.refunds).where(
            OrderTransition.tenant_id == order.tenant_id, OrderTransition.order_id == order.id
        )
    )
    result = PaidBack()
    for row in rows:
        for refund in row:
            result.add(refund["line"], refund["quantity"], Decimal(refund["amount"]))
    return result
