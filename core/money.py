"""Money: exact decimals with the number of digits their currency has."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.core import get_global
from babel.numbers import get_currency_precision

MAX_AMOUNT = Decimal(10) ** 13
AMOUNT = re.compile(r"[0-9]{1,13}(?:\.(?P<decimals>[0-9]+))?")


class MoneyError(ValueError):
    """The text is not an amount in this currency; the message says what is expected."""


def known_currency(code: str) -> bool:
    """Whether ``code`` is an ISO 4217 code."""
    return code in get_global("all_currencies")


def parse_amount(text: str, currency: str) -> Decimal:
    """Read a decimal string in major units; raises `MoneyError` on anything but digits, and on too many decimals."""
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise MoneyError("use a positive decimal string below 10 000 000 000 000, such as 120.50")
    digits = get_currency_precision(currency)
    if len(match["decimals"] or "") > digits:
        raise MoneyError(f"{currency} has {digits} decimals; round the amount before sending it")
    return Decimal(text)


def format_amount(amount: Decimal, currency: str) -> str:
    """Write an amount as a decimal string with exactly the currency's digits."""
    digits = get_currency_precision(currency)
    return format(amount.quantize(Decimal(1).scaleb(-digits)), "f")
