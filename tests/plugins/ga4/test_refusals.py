"""What never reaches Google, and why."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adrail import Conversion, Ignored, Invalid, Outcome, Retry
from plugins.ga4.conversions import EVENT_NAMES
from plugins.ga4.errors import EXPLAIN
from plugins.ga4.refusals import refusal
from plugins.ga4.settings import Options, options_of
from tests.plugins.ga4.factories import NOW, conversion

EVERYTHING = Options(server_events=frozenset(EVENT_NAMES))


def judge(item: Conversion, options: Options = EVERYTHING) -> Outcome | None:
    return refusal(item, options, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"value": Decimal(0)},  # a free ticket
        {"occurred_at": NOW - timedelta(hours=71, minutes=58)},
        {"occurred_at": NOW + timedelta(seconds=30)},  # two clocks, half a minute apart
        {"canonical": "event_view", "value": None, "currency": None},
        {"source_url": None, "items": ()},
    ],
)
def test_these_may_go(changes: dict[str, Any]) -> None:
    assert judge(conversion(**changes)) is None


@pytest.mark.parametrize("canonical", ["page_view", "refund_completed", "unheard_of"])
def test_events_without_a_name_are_ignored(canonical: str) -> None:
    assert judge(conversion(canonical=canonical)) == Ignored("not_mapped")


@pytest.mark.parametrize("canonical", sorted(set(EVENT_NAMES) - {"order_completed"}))
def test_only_purchases_go_unless_more_is_asked_for(canonical: str) -> None:
    outcome = judge(conversion(canonical=canonical), options_of({}))
    assert isinstance(outcome, Ignored)
    assert "browser reports it" in outcome.reason
    assert judge(conversion(canonical=canonical), options_of({"server_events": [canonical]})) is None


def test_an_empty_list_sends_nothing_from_the_server() -> None:
    assert isinstance(judge(conversion(), options_of({"server_events": []})), Ignored)


@pytest.mark.parametrize("age", [timedelta(hours=72), timedelta(hours=71, minutes=59, seconds=30), timedelta(days=400)])
def test_what_is_too_old_or_about_to_be_is_ignored(age: timedelta) -> None:
    assert judge(conversion(occurred_at=NOW - age)) == Ignored("too_old")


def test_an_event_of_the_future_waits() -> None:
    outcome = judge(conversion(occurred_at=NOW + timedelta(hours=1)))
    assert outcome == Retry(EXPLAIN["future"][0], "future")


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"value": None, "currency": None}, "/value", "missing_value"),
        ({"value": Decimal(-1)}, "/value", "missing_value"),
        ({"value": Decimal("NaN")}, "/value", "missing_value"),
        ({"currency": None}, "/currency", "missing_currency"),
        ({"currency": "lei"}, "/currency", "missing_currency"),
        ({"canonical": "add_to_cart", "currency": None}, "/currency", "missing_currency"),
    ],
)
def test_invalid_conversions_name_the_field_and_are_explained(changes: dict[str, Any], pointer: str, code: str) -> None:
    assert judge(conversion(**changes)) == Invalid(pointer, EXPLAIN[code][0], code)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, {"order_completed"}),
        ({"server_events": ["order_completed", "add_to_cart"]}, {"order_completed", "add_to_cart"}),
        ({"server_events": ["order_completed, add_to_cart"]}, {"order_completed", "add_to_cart"}),
        ({"server_events": ("event_view",), "unknown": 1}, {"event_view"}),
    ],
)
def test_stored_settings_are_read_leniently(stored: dict[str, Any], expected: set[str]) -> None:
    assert options_of(stored).server_events == expected
