"""Money and states of orders against simple accounts of their own, over lives that chance writes."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import psycopg
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.order_views import line_values
from tests.core.catalog.backend import Backend
from tests.marketplace import make_marketplace

DIGITS = {"JPY": 0, "RON": 2, "KWD": 3}
NEXT = {
    "pending": {"completed", "cancelled"},
    "completed": {"partially_refunded", "refunded", "cancelled", "charged_back"},
    "partially_refunded": {"partially_refunded", "refunded", "charged_back"},
}
STEP = st.tuples(
    st.sampled_from(["completed", "partially_refunded", "refunded", "cancelled", "charged_back"]),
    st.sampled_from(["1", "2"]),
    st.integers(0, 2),
    st.integers(1, 4_000),
)
LINE = st.tuples(st.integers(1, 3), st.integers(1, 2_000))


def amount(minor: int, currency: str) -> str:
    """Minor units as the decimal string of the currency."""
    return format(Decimal(minor).scaleb(-DIGITS[currency]), f".{DIGITS[currency]}f")


@given(st.sampled_from(sorted(DIGITS)), st.lists(LINE, min_size=2, max_size=2), st.lists(STEP, max_size=8))
def test_orders_live_by_the_book(
    client: FlaskClient,
    admin_connection: psycopg.Connection[Any],
    currency: str,
    lines: list[tuple[int, int]],
    steps: list[tuple[str, str, int, int]],
) -> None:
    backend = Backend(client, make_marketplace(), admin_connection)
    gross = sum(quantity * price for quantity, price in lines)
    items = [
        {"line": str(n), "live_event_id": f"ev-{n}", "quantity": quantity, "unit_price": amount(price, currency)}
        for n, (quantity, price) in enumerate(lines, start=1)
    ]
    totals = {"gross": amount(gross, currency), "net": amount(gross, currency)}
    backend.placed("L-1", status="pending", currency=currency, items=items, totals=totals)
    bought = {str(n): quantity for n, (quantity, _) in enumerate(lines, start=1)}
    cost = {str(n): quantity * price for n, (quantity, price) in enumerate(lines, start=1)}
    status, emitted, back, given_back = "pending", 0, Counter[str](), Counter[str]()
    for number, (target, line, quantity, minor) in enumerate(steps):
        refunding = target == "partially_refunded"
        refunds = [{"line": line, "quantity": quantity, "amount": amount(minor, currency)}] if refunding else []
        answer = backend.change("L-1", target, f"t-{number}", refunds=refunds)
        possible = target in NEXT.get(status, set())
        fits = not refunding or (back[line] + minor <= cost[line] and given_back[line] + quantity <= bought[line])
        assert answer.status_code == (409 if not possible else 200 if fits else 422), answer.text
        if possible and fits:
            status, emitted = target, emitted + 1
            if refunding:
                back[line] += minor
                given_back[line] += quantity
            if target in {"refunded", "charged_back"}:
                worth = backend.emitted()[-1]["payload"]["amount"]
                assert worth == amount(gross - sum(back.values()), currency)
    assert backend.rows("orders")[0]["status"] == status
    assert len(backend.emitted()) == emitted
    assert len({event["event_id"] for event in backend.emitted()}) == emitted


@given(
    st.sampled_from(sorted(DIGITS)),
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=12),
)
def test_shares_add_up_to_what_was_paid(currency: str, gross: int, lines: list[tuple[int, int, int]]) -> None:
    total = Decimal(gross).scaleb(-DIGITS[currency])
    step = Decimal(1).scaleb(-DIGITS[currency])
    rows = [
        SimpleNamespace(quantity=quantity, unit_price=price * step, fees=fee * step, discount=Decimal(0))
        for quantity, price, fee in lines
    ]
    values = line_values(total, currency, rows)
    assert sum(values) == total
    assert all(Decimal(0) <= value <= total and value == value.quantize(step) for value in values)
