"""Why a conversion is not sent at all: Meta refuses a whole request for one bad event, so it is found here first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from adrail import Conversion, Ignored, Invalid, Outcome, Retry
from plugins.meta.conversions import EVENT_NAMES, LIMITS
from plugins.meta.errors import EXPLAIN

CURRENCY = re.compile(r"[A-Z]{3}")

# An event may not grow too old on its way, and clocks of honest machines differ by seconds.
MARGIN = timedelta(minutes=1)

# https://developers.facebook.com/docs/marketing-api/conversions-api/best-practices: no better than guessing.
TOO_BROAD = (
    frozenset({"ct", "st", "zp", "country", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)


def refusal(conversion: Conversion, event: Mapping[str, Any], now: datetime) -> Outcome | None:
    """Return the outcome of a conversion that must not be sent, or None; ``event`` is what was built from it."""
    if conversion.canonical not in EVENT_NAMES:
        return Ignored("not_mapped")
    if now - conversion.occurred_at > LIMITS.max_age - MARGIN:
        return Ignored("too_old")
    if conversion.occurred_at - now > MARGIN:
        return Retry("the event lies in the future; check the clock of the machine that sent it", "future")
    return _wrong_source(event) or _wrong_money(event) or _too_broad(event)


def _wrong_source(event: Mapping[str, Any]) -> Outcome | None:
    if event["action_source"] == "app":
        return _invalid("/action_source", "app_event")
    if event["action_source"] != "website":
        return None
    if "client_user_agent" not in event.get("user_data", {}):
        return _invalid("/user/user_agent", "missing_user_agent")
    return None if "event_source_url" in event else _invalid("/source_url", "missing_url")


def _wrong_money(event: Mapping[str, Any]) -> Outcome | None:
    money = event.get("custom_data", {})
    value = money.get("value")
    if value is None:
        return _invalid("/value", "missing_value") if event["event_name"] == "Purchase" else None
    if not value.is_finite() or value < 0:
        return _invalid("/value", "missing_value")
    return None if CURRENCY.fullmatch(money.get("currency", "")) else _invalid("/currency", "missing_currency")


def _too_broad(event: Mapping[str, Any]) -> Outcome | None:
    known = set(event.get("user_data", {}))
    return _invalid("/user", "100/2804050") if any(known <= broad for broad in TOO_BROAD) else None


def _invalid(pointer: str, code: str) -> Invalid:
    return Invalid(pointer, EXPLAIN[code][0], code)
