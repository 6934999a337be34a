"""How collecting goes: how much arrives, how much is refused, what could not be stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from core.events.api import CaptureDay, RejectFilter, share
from tracking.capture import service as capture
from tracking.rejected import dead, service
from webui import formats, session
from webui.collection.base import pages, viewer
from webui.sales_charts import Chart, Row

DAYS = 14
LISTED = 60
GOOD, FAIR = 0.999, 0.98
"""From the first on all is well; below the second something is broken."""


@pages.get("/")
def show_health() -> str:
    """The answer to «does everything arrive?»."""
    actor = viewer()
    days = list(capture.days(actor))
    return render_template(
        "collection/health.html",
        chart=_refused_chart(dict(service.totals(actor, RejectFilter()))),
        days=list(reversed(days))[:LISTED],
        rate=_rate(days),
        tone=tone,
        percent=_percent,
        waiting=service.waiting(actor),
        set_aside=dead.dead_entries(actor, limit=1).items,
        tab="health",
    )


def tone(rate: float) -> str:
    """Return good, wait or bad for a share that arrived."""
    return "good" if rate >= GOOD else "wait" if rate >= FAIR else "bad"


def _rate(days: Sequence[CaptureDay]) -> float | None:
    """What arrived in the last seven days; None when browsers sent nothing."""
    since = datetime.now(session.zone()).date() - timedelta(days=7)
    recent = [item for item in days if item.day > since]
    received = sum(item.received for item in recent)
    return share(received, sum(item.missing for item in recent)) if received else None


def _percent(rate: float) -> str:
    # Never rounded up to «all».
    cut = min(int(rate * 100_000) / 1_000, 100.0)
    return _("%(num)s %%", num=formats.decimal(cut, session.locale()))


def _refused_chart(counts: dict[date, int]) -> Chart | None:
    """The last two weeks beside the two before; None when nothing was refused."""
    if not counts:
        return None
    today, locale = datetime.now(session.zone()).date(), session.locale()
    current = [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    now = [counts.get(day, 0) for day in current]
    before = [counts.get(day - timedelta(days=DAYS), 0) for day in current]
    rows = tuple(
        Row(formats.day(day, locale, weekday=True), _many(here), _many(there))
        for day, here, there in zip(current, now, before, strict=True)
    )
    points: dict[str, object] = {
        "labels": [formats.day(day, locale, short=True) for day in current],
        "current": now,
        "previous": before,
        "tips": [[row.day, row.value, _("before: %(value)s", value=row.before)] for row in rows],
        "names": [_("This period"), _("The one before")],
    }
    return Chart("refused", _("Refused events by day"), _many(sum(now)), "", "calm", rows, points)


def _many(count: int) -> str:
    return ngettext("%(many)s event", "%(many)s events", count, many=formats.number(count, session.locale()))
