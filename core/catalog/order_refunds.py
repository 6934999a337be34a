"""What may be paid back of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.models import Order, OrderTransition
from core.catalog.order_lines import Line
from core.errors import FieldProblem, InvalidInputError
from core.money import MoneyError, format_amount, parse_amount


def checked_refunds(
    session: Session, order: Order, refunds: list[dict[str, Any]], lines: list[Line]
) -> tuple[dict[str, Any], ...]:
    """Return the refunds with normal amounts; raises `InvalidInputError` for unknown lines or more than was paid."""
    known = {line.line for line in lines}
    total = _refunded_so_far(session, order)
    problems, checked = [], []
    for position, refund in enumerate(refunds):
        if refund["line"] not in known:
            message = f"the lines of this order are: {', '.join(sorted(known))}"
            problems.append(FieldProblem(f"/refunds/{position}/line", "exists", message))
            continue
        try:
            amount = parse_amount(refund["amount"], order.currency)
        except MoneyError as exc:
            problems.append(FieldProblem(f"/refunds/{position}/amount", "amount", str(exc)))
            continue
        total += amount
        checked.append({**refund, "amount": format_amount(amount, order.currency)})
    if total > order.gross:
        most = format_amount(order.gross, order.currency)
        problems.append(
            FieldProblem("/refunds", "total", f"all refunds together may not exceed {most} {order.currency}")
        )
    if problems:
        raise InvalidInputError("the refund does not fit the order", errors=problems)
    return tuple(checked)


def _refunded_so_far(session: Session, order: Order) -> Decimal:
    rows = session.scalars(
        select(OrderTransition.refunds).where(
            OrderTransition.tenant_id == order.tenant_id, OrderTransition.order_id == order.id
        )
    )
    return sum((Decimal(refund["amount"]) for row in rows for refund in row), Decimal(0))
