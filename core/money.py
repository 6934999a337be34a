"""Money: exact decimals with the number of digits their currency has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from babel.core import get_global
from babel.numbers import get_currency_precision

from adrail import phrase

MAX_AMOUNT = Decimal(10) ** 13
MAX_DIGITS = 6
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
        raise MoneyError(phrase("use a positive decimal string below 10 000 000 000 000, such as 120.50"))
    digits = get_currency_precision(currency)
    if len(match["decimals"] or "") > digits:
        raise MoneyError(
            phrase(
                "%(currency)s has %(digits)s decimals; round the amount before sending it",
                currency=currency,
                digits=digits,
            )
        )
    return Decimal(text)


def format_amount(amount: Decimal, currency: str) -> str:
    """Write an amount as a decimal string with exactly the currency's digits."""
    digits = get_currency_precision(currency)
    return format(amount.quantize(Decimal(1).scaleb(-digits)), "f")


def share(total: Decimal, weights: Sequence[Decimal], digits: int) -> list[Decimal]:
    """Split ``total`` in proportion to ``weights``, in steps of ``digits`` decimals; the parts add up to it exactly.

    Rounding the running sum instead of each part is what makes it exact, and keeps every part between zero and the
    whole. Weights that are the true parts come back unchanged. Without any weight all parts count the same.
    """
    if not any(weights):
        weights = [Decimal(1)] * len(weights)
    whole, step = sum(weights, Decimal(0)), Decimal(1).scaleb(-digits)
    parts, running, given = [], Decimal(0), Decimal(0)
    for weight in weights:
        running += weight
        until = (total * running / whole).quantize(step, ROUND_HALF_UP)
        parts.append(until - given)
        given = until
    return parts


def digits_of(total: Decimal, currency: str) -> int:
    """Return how many decimals to share in: the currency's own, or the total's where it is stated more finely."""
    exponent = total.normalize().as_tuple().exponent
    finest = -exponent if isinstance(exponent, int) else 0
    return min(MAX_DIGITS, max(finest, get_currency_precision(currency)))


def in_digits(amount: Decimal, currency: str) -> Decimal:
    """Return an amount with its currency's decimals, or more where it is stated more finely."""
    return amount.quantize(Decimal(1).scaleb(-digits_of(amount, currency)))
