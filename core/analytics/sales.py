"""Sales per day of an organiser or the marketplace, and of as many days before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from core.accounts.api import Actor, require_feature
from core.analytics.sums import SUMS, hour_by_hour
from core.db.session import tenant_session

MAX_DAYS = 366
# Longer periods come with a larger tier.
EVERYBODYS_DAYS = 28
# One statement is one moment: an hour is either summed or counted from its orders, never both and never neither.
DAYS = text(
    f"""
    WITH stale AS MATERIALIZED (
      SELECT DISTINCT hour FROM sales_stale_hours WHERE tenant_id = :tenant AND hour >= :first AND hour < :last
    ), fresh AS ({SUMS}), every AS (
      SELECT hour, currency, orders, tickets, revenue FROM sales_hours
      WHERE tenant_id = :tenant AND organizer_id IS NOT DISTINCT FROM :organizer
        AND hour >= :first AND hour < :last AND hour NOT IN (SELECT hour FROM stale)
      UNION ALL
      SELECT hour, currency, orders, tickets, revenue FROM fresh WHERE organizer_id IS NOT DISTINCT FROM :organizer
    )
    SELECT CAST(hour AT TIME ZONE :zone AS date) AS day, currency,
      sum(orders) AS orders, sum(tickets) AS tickets, sum(revenue) AS revenue
    FROM every GROUP BY 1, 2 ORDER BY 1, 2
    """  # noqa: S608 - our own text
)


@dataclass(frozen=True, slots=True)
class DaySales:
    """One day in the reader's time zone; ``revenue`` in major units of the period's currency."""

    day: date
    orders: int
    tickets: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """Consecutive days, none left out, and their sums; ``others`` is revenue in other currencies."""

    days: tuple[DaySales, ...]
    orders: int
    tickets: int
    revenue: Decimal
    others: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Sales:
    """A period, the one before it of the same length, and the currency in which revenue is told."""

    currency: str
    current: Period
    previous: Period


@dataclass(frozen=True, slots=True)
class _Row:
    day: date
    currency: str
    orders: int
    tickets: int
    revenue: Decimal


def sales(actor: Actor, *, zone: ZoneInfo, days: int, currency: str, now: datetime | None = None) -> Sales:
    """Return sales of the last ``days`` days, today included, and of as many before.

    Orders that were completed count on the day they were placed, in ``zone`` (one with whole hours to UTC; others are
    told to the hour). Revenue is what tickets cost after discounts and refunds, without fees. It is told in
    ``currency``, unless nothing was sold in it: then in the one that brought most. Raises `ValueError` for more than
    366 days or fewer than 1, and `ForbiddenError` for more than 28 that the actor's tier does not include.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"days must be 1 to {MAX_DAYS}")
    if days > EVERYBODYS_DAYS:
        require_feature(actor, "long_results")
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    start, middle, end = (today + timedelta(days=step) for step in (1 - 2 * days, 1 - days, 1))
    rows = _rows(actor, zone, start, end)
    told = _currency(rows, currency)
    return Sales(told, _period(rows, middle, end, told), _period(rows, start, middle, told))


def _rows(actor: Actor, zone: ZoneInfo, start: date, end: date) -> list[_Row]:
    first, last = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (start, end))
    values = {
        "tenant": actor.tenant_id,
        "organizer": actor.organizer_id,
        "zone": zone.key,
        "first": first.replace(minute=0),
        "last": last,
    }
    with tenant_session(actor.tenant_id) as session:
        hour_by_hour(session)
        return [_Row(*row) for row in session.execute(DAYS, values)]


def _currency(rows: Iterable[_Row], wanted: str) -> str:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.revenue
    return wanted if wanted in sums or not sums else max(sums, key=lambda name: (sums[name], name))


def _period(rows: Sequence[_Row], start: date, end: date, currency: str) -> Period:
    within = [row for row in rows if start <= row.day < end]
    days = tuple(_day(within, start + timedelta(days=step), currency) for step in range((end - start).days))
    others: dict[str, Decimal] = {}
    for row in within:
        if row.currency != currency:
            others[row.currency] = others.get(row.currency, Decimal(0)) + row.revenue
    return Period(
        days=days,
        orders=sum(day.orders for day in days),
        tickets=sum(day.tickets for day in days),
        revenue=sum((day.revenue for day in days), Decimal(0)),
        others=others,
    )


def _day(rows: Iterable[_Row], day: date, currency: str) -> DaySales:
    here = [row for row in rows if row.day == day]
    return DaySales(
        day=day,
        orders=sum(row.orders for row in here),
        tickets=sum(row.tickets for row in here),
        revenue=sum((row.revenue for row in here if row.currency == currency), Decimal(0)),
    )
