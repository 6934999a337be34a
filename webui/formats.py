"""How times, numbers, money and ids are written for people."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def relative(moment: datetime, now: datetime | None = None, zone: tzinfo = UTC, locale: str = "en") -> str:
    """Return «2 min ago», and the date when it is more than a week away."""
    seconds = round(((now or datetime.now(UTC)) - moment).total_seconds())
    size = abs(seconds)
    if size < 5:
        return "just now"
    if size >= 7 * DAY:
        local = moment.astimezone(zone)
        same_year = local.year == (now or datetime.now(UTC)).astimezone(zone).year
        return format_datetime(local, "d MMMM" if same_year else "d MMMM y", locale=locale)
    if size < MINUTE:
        text = f"{size} s"
    elif size < HOUR:
        text = f"{size // MINUTE} min"
    elif size < DAY:
        text = f"{size // HOUR} h"
    else:
        text = "1 day" if size < 2 * DAY else f"{size // DAY} days"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def exact(moment: datetime, zone: ZoneInfo, locale: str = "en") -> str:
    """Return date and time to the second with the zone's name."""
    return f"{format_datetime(moment.astimezone(zone), 'd MMMM y, HH:mm:ss', locale=locale)} ({zone.key})"


def date_and_time(moment: datetime, zone: ZoneInfo, locale: str = "en") -> str:
    """Return a date and time of an appointment, such as a live event."""
    return format_datetime(moment.astimezone(zone), "EEE d MMM y, HH:mm", locale=locale)


def time_element(moment: datetime | None, zone: ZoneInfo, locale: str = "en") -> Markup:
    """Return a `<time>` that says how long ago, with the exact moment on hover; «not yet» for None."""
    if moment is None:
        return Markup("not yet")
    return Markup('<time datetime="{}" title="{}" data-relative>{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        exact(moment, zone, locale),
        relative(moment, zone=zone, locale=locale),
    )


def money(amount: Decimal | str, currency: str, locale: str = "en") -> str:
    """Return an amount in major units with its currency's code; whole amounts without decimals."""
    value = Decimal(amount)
    if value == value.to_integral_value():
        return format_currency(value, currency, "#,##0 ¤¤", locale=locale, currency_digits=False)
    return format_currency(value, currency, "#,##0.00 ¤¤", locale=locale)


def number(value: int, locale: str = "en") -> str:
    """Return a whole number with the locale's separators."""
    return format_decimal(value, locale=locale)


def public_id(value: str) -> str:
    """Return a platform's id as people read it: long digit strings in groups of four."""
    if not value.isdigit() or len(value) < 9:
        return value
    head = len(value) % 4 or 4
    return " ".join([value[:head], *(value[place : place + 4] for place in range(head, len(value), 4))])
