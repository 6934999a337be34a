"""Sales as charts: labels, values and the sentence behind each point, ready to draw and to read as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import ngettext

from core.analytics.api import DaySales, Sales
from webui import formats


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a period and of the one before it, in words."""

    current: str
    previous: str
    zone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One day of a chart's table: its name, its value, and what it was as many days before."""

    day: str
    value: str
    before: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One message: what it shows in all, the change against the period before, points to draw, rows to read."""

    name: str
    title: str
    total: str
    change: str
    tone: str
    rows: tuple[Row, ...]
    points: dict[str, object]


def span(days: int, zone: ZoneInfo, locale: str) -> Span:
    """Return the words for the last ``days`` days, today included, and for as many before."""
    today = datetime.now(zone).date()
    first = today - timedelta(days=days - 1)
    return Span(
        current=_between(first, today, locale),
        previous=_between(first - timedelta(days=days), first - timedelta(days=1), locale),
        zone=zone.key,
    )


def _between(first: date, last: date, locale: str) -> str:
    return _(
        "%(first)s to %(last)s",
        first=formats.day(first, locale, year=first.year != last.year),
        last=formats.day(last, locale, year=True),
    )


def charts(sold: Sales, locale: str) -> tuple[Chart, Chart]:
    """Return orders per day and ticket revenue per day."""

    def money(amount: Decimal | int) -> str:
        return formats.money(Decimal(amount), sold.currency, locale)

    def many(count: Decimal | int) -> str:
        return ngettext("%(count)s order", "%(count)s orders", int(count), count=formats.number(int(count), locale))

    return (
        _chart("orders", _("Orders by day"), sold, lambda day: day.orders, many, locale),
        _chart("revenue", _("Ticket revenue by day"), sold, lambda day: day.revenue, money, locale),
    )


def _chart(
    name: str,
    title: str,
    sold: Sales,
    value: Callable[[DaySales], Decimal | int],
    written: Callable[[Decimal | int], str],
    locale: str,
) -> Chart:
    now = [value(item) for item in sold.current.days]
    before = [value(item) for item in sold.previous.days]
    rows = tuple(
        Row(formats.day(item.day, locale, weekday=True), written(here), written(there))
        for item, here, there in zip(sold.current.days, now, before, strict=True)
    )
    change, tone = _change(sum(now), sum(before), locale)
    points: dict[str, object] = {
        "labels": [formats.day(item.day, locale, short=True) for item in sold.current.days],
        "current": [float(item) for item in now],
        "previous": [float(item) for item in before],
        "tips": [[row.day, row.value, _("before: %(value)s", value=row.before)] for row in rows],
        "names": [_("This period"), _("The one before")],
    }
    return Chart(name, title, written(sum(now)), change, tone, rows, points)


def _change(now: Decimal | int, before: Decimal | int, locale: str) -> tuple[str, str]:
    """Return the change in words and its tone; there is none from nothing."""
    if not before:
        return (_("nothing last period"), "calm") if now else ("", "calm")
    share = Decimal(now) / Decimal(before) - 1
    tone = "good" if share > 0 else "wait" if share < 0 else "calm"
    return _("%(change)s on last period", change=formats.change(share, locale)), tone
