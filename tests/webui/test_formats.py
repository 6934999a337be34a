"""How times, money and ids are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core.codes.api import CANONICAL
from core.delivery import reasons
from webui import formats, words

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BUCHAREST = ZoneInfo("Europe/Bucharest")


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(seconds=12), "12 s ago"),
        (timedelta(minutes=2, seconds=50), "2 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=1, hours=3), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=17), "3 November"),
        (timedelta(days=400), "16 October 2025"),
        (timedelta(seconds=-90), "in 1 min"),
    ],
)
def test_times_are_relative_and_dates_when_a_week_away(ago: timedelta, text: str) -> None:
    assert formats.relative(NOW - ago, NOW) == text


def test_a_date_is_the_one_of_the_readers_zone() -> None:
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)

    assert formats.relative(late, NOW, zone=BUCHAREST) == "3 November"


def test_the_exact_moment_stands_behind_a_relative_one() -> None:
    element = str(formats.time_element(NOW - timedelta(days=300), BUCHAREST))

    assert 'datetime="2026-01-24T12:00:00+00:00"' in element
    assert 'title="24 January 2026, 14:00:00 (Europe/Bucharest)"' in element
    assert formats.time_element(None, BUCHAREST) == "not yet"


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (Decimal("2400.0000"), "EUR", "en", "2,400 EUR"),
        (Decimal("71.2000"), "EUR", "en", "71.20 EUR"),
        ("1234.5", "RON", "ro", "1.234,50 RON"),
        (Decimal(5000), "JPY", "en", "5,000 JPY"),
    ],
)
def test_money_has_its_currency_and_cents_only_when_there_are_some(
    amount: Decimal | str, currency: str, locale: str, text: str
) -> None:
    assert formats.money(amount, currency, locale) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("714822039915604", "714 8220 3991 5604"), ("G-9QX2LK41TN", "G-9QX2LK41TN"), ("12345678", "12345678")],
)
def test_long_numbers_are_grouped(value: str, text: str) -> None:
    assert formats.public_id(value) == text


def test_there_are_words_for_every_event_and_every_reason() -> None:
    assert set(words.EVENTS) == set(words.SHORT_EVENTS) == set(CANONICAL.values())
    assert set(reasons.EXPLAIN) <= set(words.REASONS)


def test_codes_without_words_stay_readable() -> None:
    assert words.reason("some_new_reason") == "Some new reason"
    assert words.delivery_state("half_way").word == "Half way"
