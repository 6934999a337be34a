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
from core.errors import FieldProblem, InvalidInputError
from core.money import MoneyError, format_amount, parse_amount


@dataclass(slots=True)
class PaidBack:
    """What earlier transitions paid back: amount in the order's currency, tickets per line."""

    amount: Decimal = Decimal(0)
    quantities: Counter[str] = field(default_factory=Counter)

    def add(self, line: str, quantity: int, amount: Decimal) -> None:
        """Count one refund."""
        self.amount += amount
        self.quantities[line] += quantity


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
    rows, total = [], PaidBack(before.amount, before.quantities.copy())
    for position, refund in enumerate(wanted):
        try:
            amount = parse_amount(refund["amount"], order.currency)
        except MoneyError as exc:
            problems.append(FieldProblem(f"/refunds/{position}/amount", "amount", str(exc)))
            continue
        total.add(refund["line"], refund["quantity"], amount)
        rows.append({**refund, "amount": format_amount(amount, order.currency)})
        problems.extend(_beyond_line(position, refund, lines, total))
    if total.amount > order.gross:
        most = format_amount(order.gross, order.currency)
        message = f"all refunds together may not exceed {most} {order.currency}"
        problems.append(FieldProblem("/refunds", "total", message))
    if problems:
        raise InvalidInputError("the refund does not fit the order", errors=problems)
    return Refunds(tuple(rows), total.amount - before.amount if rows else order.gross - before.amount)


def _misplaced(status: str, wanted: list[dict[str, Any]]) -> Iterator[FieldProblem]:
    if status == "partially_refunded" and not wanted:
        yield FieldProblem("/refunds", "required", "say which lines are paid back, and how much")
    if status not in {"partially_refunded", "refunded"} and wanted:
        yield FieldProblem("/refunds", "status", f"leave refunds out when the status becomes {status!r}")


def _beyond_line(position: int, refund: dict[str, Any], lines: list[Line], total: PaidBack) -> Iterator[FieldProblem]:
    bought = {line.line: line.quantity for line in lines}
    if refund["line"] not in bought:
        message = f"the lines of this order are: {', '.join(sorted(bought))}"
        yield FieldProblem(f"/refunds/{position}/line", "exists", message)
    elif total.quantities[refund["line"]] > bought[refund["line"]]:
        message = f"{bought[refund['line']]} were bought, and all refunds of a line together may not exceed that"
        yield FieldProblem(f"/refunds/{position}/quantity", "total", message)


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
