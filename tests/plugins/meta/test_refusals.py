"""What never reaches Meta, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adrail import Conversion, Ignored, Invalid, Outcome, RawIdentifier, Retry, UserData
from plugins.meta.conversions import build_event
from plugins.meta.errors import EXPLAIN
from plugins.meta.refusals import refusal
from tests.plugins.meta.factories import BUYER, NOW, conversion


def judge(item: Conversion) -> Outcome | None:
    return refusal(item, build_event(item), NOW)


def test_a_complete_purchase_may_go() -> None:
    assert judge(conversion()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"value": Decimal(0)},  # a free ticket
        {"occurred_at": NOW - timedelta(days=6, hours=23)},
        {"occurred_at": NOW + timedelta(seconds=30)},  # two clocks, half a minute apart
        {"canonical": "event_view", "value": None, "currency": None},
        {"action_source": "system", "source_url": None, "user": replace(BUYER, user_agent=None)},
    ],
)
def test_these_may_go_too(changes: dict[str, Any]) -> None:
    assert judge(conversion(**changes)) is None


@pytest.mark.parametrize("canonical", ["page_view", "refund_completed", "entry_granted", "unheard_of"])
def test_events_meta_does_not_take_from_servers_are_ignored(canonical: str) -> None:
    assert judge(conversion(canonical=canonical)) == Ignored("not_mapped")


@pytest.mark.parametrize("age", [timedelta(days=7), timedelta(days=7, seconds=1), timedelta(days=400)])
def test_what_is_too_old_or_about_to_be_is_ignored(age: timedelta) -> None:
    assert judge(conversion(occurred_at=NOW - age)) == Ignored("too_old")


def test_an_event_of_the_future_waits() -> None:
    outcome = judge(conversion(occurred_at=NOW + timedelta(hours=1)))
    assert isinstance(outcome, Retry)
    assert "clock" in outcome.reason


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"user": replace(BUYER, user_agent=None)}, "/user/user_agent", "missing_user_agent"),
        ({"user": replace(BUYER, user_agent=RawIdentifier("  "))}, "/user/user_agent", "missing_user_agent"),
        ({"source_url": None}, "/source_url", "missing_url"),
        ({"action_source": "app"}, "/action_source", "app_event"),
        ({"value": None, "currency": None}, "/value", "missing_value"),
        ({"value": Decimal(-1)}, "/value", "missing_value"),
        ({"value": Decimal("NaN")}, "/value", "missing_value"),
        ({"currency": None}, "/currency", "missing_currency"),
        ({"currency": "lei"}, "/currency", "missing_currency"),
        ({"user": UserData(user_agent=RawIdentifier("UA"), city="Cluj", country="RO")}, "/user", "100/2804050"),
    ],
)
def test_invalid_conversions_name_the_field_and_are_explained(changes: dict[str, Any], pointer: str, code: str) -> None:
    outcome = judge(conversion(**changes))
    assert isinstance(outcome, Invalid)
    assert (outcome.pointer, outcome.code) == (pointer, code)
    assert EXPLAIN[code][0] == outcome.reason
    assert EXPLAIN[code][1]
