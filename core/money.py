"""Money: exact decimals with the number of digits their currency has."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from babel.core import get_global
from babel.numbers import get_currency_precision

MAX_AMOUNT = Decimal(10) ** 13


class MoneyError(ValueError):
    """The text is not an amount in this currency; the message says what is expected."""


def known_currency(code: str) -> bool:
    """Whether ``code`` is an ISO 4217 code."""
    return code in get_global("all_currencies")


def parse_amount(text: str, currency: str) -> Decimal:
    """Read a decimal string in major units; raises `MoneyError` on floats' noise, signs or too many digits."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise MoneyError("use a decimal string such as 120.50") from None
    digits = get_currency_precision(currency)
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or amount.is_signed() or amount >= MAX_AMOUNT:
        raise MoneyError("use a positive decimal string below 10 000 000 000 000")
    if -exponent > digits:
        raise MoneyError(f"{currency} has {digits} decimals; round the amount before sending it")
    return amount


def format_amount(amount: Decimal, currency: str) -> str:
    """Write an amount as a decimal string with exactly the currency's digits."""
    digits = get_currency_precision(currency)
    return format(amount.quantize(Decimal(1).scaleb(-digits)), "f")
