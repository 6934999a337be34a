"""Stripe's integer amounts as amounts in major units.

Source: Stripe's documentation «Supported currencies», sections on zero-decimal and three-decimal currencies and special
cases, read November 2026.
"""

from __future__ import annotations

from decimal import Decimal

ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# ISK and UGX have no decimals either, but Stripe keeps two in its numbers: 500 are 5.
DEFAULT_DIGITS = 2


def major_units(amount: int, currency: str) -> Decimal:
    """Return an amount of the API in major units; ``currency`` in upper case."""
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else DEFAULT_DIGITS
    return Decimal(amount).scaleb(-digits)
