"""How times, numbers, money and ids are written for people."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def relative(moment: datetime, now: datetime | None = None, zone: tzinfo = UTC, locale: str = "en") -> str:
    """Return «2 min ago», and the date when it is more than a week away."""
    seconds = round(((now or datetime.now(UTC)) - moment).total_seconds())
    size = abs(seconds)
    if size < 5:
        return _("just now")
    if size >= 7 * DAY:
        local = moment.astimezone(zone)
        same_year = local.year == (now or datetime.now(UTC)).astimezone(zone).year
        return format_datetime(local, "d MMMM" if same_year else "d MMMM y", locale=locale)
    if size < MINUTE:
        text = _("%(num)s s", num=size)
    elif size < HOUR:
        text = _("%(num)s min", num=size // MINUTE)
    elif size < DAY:
        text = _("%(num)s h", num=size // HOUR)
    else:
        text = ngettext("%(num)d day", "%(num)d days", size // DAY)
    return _("%(time)s ago", time=text) if seconds > 0 else _("in %(time)s", time=text)


def exact(moment: datetime, zone: ZoneInfo, locale: str = "en") -> str:
    """Return date and time to the second with the zone's name."""
    return f"{format_datetime(moment.astimezone(zone), 'd MMMM y, HH:mm:ss', locale=locale)} ({zone.key})"


def date_and_time(moment: datetime, zone: ZoneInfo, locale: str = "en") -> str:
    """Return a date and time of an appointment, such as a live event."""
    return format_datetime(moment.astimezone(zone), "EEE d MMM y, HH:mm", locale=locale)


def time_element(moment: datetime | None, zone: ZoneInfo, locale: str = "en") -> Markup:
    """Return a `<time>` that says how long ago, with the exact moment on hover; «not yet» for None."""
    if moment is None:
        return Markup("{}").format(_("not yet"))
    return Markup('<time datetime="{}" title="{}" data-relative>{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        exact(moment, zone, locale),
        relative(moment, zone=zone, locale=locale),
    )


def since_element(moment: datetime, zone: ZoneInfo, locale: str = "en") -> Markup:
    """Return a `<time>` to stand after «since»: the time of a moment of today, else its date."""
    local, now = moment.astimezone(zone), datetime.now(zone)
    pattern = "HH:mm" if local.date() == now.date() else "d MMMM" if local.year == now.year else "d MMMM y"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        exact(moment, zone, locale),
        format_datetime(local, pattern, locale=locale),
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


def decimal(value: float, locale: str = "en") -> str:
    """Return a number with up to two decimals and the locale's signs."""
    return format_decimal(value, "#,##0.##", locale=locale)


def change(share: Decimal, locale: str = "en") -> str:
    """Return a change with its sign: 0.12 is «+12 %»."""
    return format_percent(share, "+#,##0 %;-#,##0 %", locale=locale)


def day(value: date, locale: str = "en", *, year: bool = False, weekday: bool = False, short: bool = False) -> str:
    """Return a day: «20 November», with its year or weekday when asked, «20 Nov» for the axis of a chart."""
    pattern = "EEE d MMM" if weekday else "d MMM" if short else "d MMMM y" if year else "d MMMM"
    return format_date(value, pattern, locale=locale)


def public_id(value: str) -> str:
    """Return a platform's id as people read it: long digit strings in groups of four."""
    if not value.isdigit() or len(value) < 9:
        return value
    head = len(value) % 4 or 4
    return " ".join([value[:head], *(value[place : place + 4] for place in range(head, len(value), 4))])
