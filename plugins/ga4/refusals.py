"""Why a conversion is not sent at all: GA4 drops a bad event without a word, so it is found here first."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from adrail import Conversion, Ignored, Invalid, Outcome, Retry
from plugins.ga4.conversions import EVENT_NAMES, LIMITS
from plugins.ga4.errors import EXPLAIN
from plugins.ga4.settings import Options

CURRENCY = re.compile(r"[A-Z]{3}")
BROWSER_ONLY = "The browser reports it, and GA4 could not tell a second copy from a second event"

# An event may not grow too old on its way, and clocks of honest machines differ by seconds.
MARGIN = timedelta(minutes=1)


def refusal(conversion: Conversion, options: Options, now: datetime) -> Outcome | None:
    """Return the outcome of a conversion that must not be sent, or None."""
    if conversion.canonical not in EVENT_NAMES:
        return Ignored("not_mapped")
    if conversion.canonical not in options.server_events:
        return Ignored(BROWSER_ONLY)
    if now - conversion.occurred_at > LIMITS.max_age - MARGIN:
        return Ignored("too_old")
    if conversion.occurred_at - now > MARGIN:
        return Retry(EXPLAIN["future"][0], "future")
    return _wrong_money(conversion)


def _wrong_money(conversion: Conversion) -> Outcome | None:
    value = conversion.value
    if value is None:
        return _invalid("/value", "missing_value") if conversion.canonical == "order_completed" else None
    if not value.is_finite() or value < 0:
        return _invalid("/value", "missing_value")
    return None if CURRENCY.fullmatch(conversion.currency or "") else _invalid("/currency", "missing_currency")


def _invalid(pointer: str, code: str) -> Invalid:
    return Invalid(pointer, EXPLAIN[code][0], code)
