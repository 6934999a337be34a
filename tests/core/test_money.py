"""Amounts: exact decimals with the digits of their currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import MoneyError, format_amount, known_currency, parse_amount


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("0", "EUR", "0"),
        ("120.5", "RON", "120.5"),
        ("007.10", "EUR", "7.10"),
        ("1200", "JPY", "1200"),
        ("1.234", "KWD", "1.234"),
        ("9999999999999.99", "EUR", "9999999999999.99"),
    ],
)
def test_decimal_strings_are_read_exactly(text: str, currency: str, amount: str) -> None:
    assert parse_amount(text, currency) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "-0", "+1", "1e2", "1_000", "1,5", " 1", "1 ", "1\n", ".5", "5.", "0x1", "NaN", "Infinity", "sNaN",
     "١٢", "10000000000000", "1.2.3", "1.5 EUR"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(MoneyError, match="decimal string"):
        parse_amount(text, "EUR")


@pytest.mark.parametrize(("text", "currency"), [("1.001", "EUR"), ("1.500", "RON"), ("1.0", "JPY"), ("1.2345", "KWD")])
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str) -> None:
    with pytest.raises(MoneyError, match=rf"{currency} has \d decimals; round"):
        parse_amount(text, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("7", "EUR", "7.00"), ("7.1000", "RON", "7.10"), ("1200.0000", "JPY", "1200"), ("1.5", "KWD", "1.500")],
)
def test_amounts_are_written_with_the_currencys_digits(amount: str, currency: str, text: str) -> None:
    assert format_amount(Decimal(amount), currency) == text


@given(st.integers(0, 10**15 - 1), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_reading_and_writing_are_opposites(minor: int, currency: str) -> None:
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    amount = Decimal(minor).scaleb(-digits)
    if amount < 10**13:
        assert parse_amount(format_amount(amount, currency), currency) == amount


@pytest.mark.parametrize(("code", "known"), [("EUR", True), ("RON", True), ("eur", False), ("XXY", False), ("", False)])
def test_currencies_are_iso_codes(code: str, known: bool) -> None:
    assert known_currency(code) is known
