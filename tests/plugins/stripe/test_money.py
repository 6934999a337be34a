"""Stripe's integers as amounts, currency by currency."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.stripe.money import THREE_DECIMAL, ZERO_DECIMAL, major_units


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [(1_000, "USD", "10.00"), (500, "JPY", "500"), (5_120, "KWD", "5.120"), (500, "ISK", "5"), (500, "UGX", "5")],
)  # fmt: skip
def test_known_amounts(amount: int, currency: str, expected: str) -> None:
    assert major_units(amount, currency) == Decimal(expected)


@given(st.integers(1, 10**12), st.sampled_from(sorted({"RON", "USD", *ZERO_DECIMAL, *THREE_DECIMAL})))
def test_nothing_is_lost(amount: int, currency: str) -> None:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    assert int(major_units(amount, currency).scaleb(digits)) == amount
