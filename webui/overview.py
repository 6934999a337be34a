"""The first page: is it working, what did it bring, what must I do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.accounts.api import FEATURES, Actor, has_feature, tier_of
from core.analytics.api import EVERYBODYS_DAYS, Sales, answers, sales
from core.codes.api import list_codes
from core.delivery.api import delivery_log, last_accepted
from webui import account_words, sales_charts, session
from webui.blueprint import page_blueprint
from webui.codes import rows as code_rows
from webui.deliveries import rows as delivery_rows
from webui.troubles import troubles

PERIODS = (7, 28, 90)
"""Days that people may choose; a month of whole weeks unless they do."""
USUAL = 28
LATEST = 5
PURCHASE = "order_completed"
MANY = 200

pages = page_blueprint("overview", __name__)


@dataclass(frozen=True, slots=True)
class Locked:
    """A period that was asked for, and comes with a larger plan than somebody has."""

    days: int
    needed: str
    present: str


@dataclass(frozen=True, slots=True)
class Health:
    """How the codes are doing: numbers of codes, and when one was last heard."""

    total: int
    on: int
    working: int
    heard_at: datetime | None


@pages.get("/")
def show() -> ResponseReturnValue:
    """Answer the three questions; what the platforms said comes after, unless it is asked for at once."""
    if not session.may("view_deliveries"):
        # To whom none of this belongs, the first page is their own.
        return redirect(url_for("account.show"))
    actor = session.actor("view_deliveries")
    days, locked = _days(actor)
    sold = _sales(actor, days)
    return render_template(
        "overview.html",
        days=days,
        locked=locked,
        periods=PERIODS,
        longest=PERIODS[-1] if has_feature(actor, "long_results") else EVERYBODYS_DAYS,
        plan=account_words.tier(FEATURES["long_results"]),
        span=sales_charts.span(days, session.zone(), session.locale()),
        sold=sold,
        charts=sales_charts.charts(sold, session.locale()) if sold else (),
        health=_health(actor),
        troubles=troubles(actor),
        said=_said(actor, days) if request.args.get("answers") == "now" else None,
        latest=delivery_log(actor, limit=LATEST).items,
        rows=delivery_rows,
    )


@pages.get("/overview/answers")
def show_answers() -> str:
    """What the platforms said, as a part of the page."""
    actor = session.actor("view_deliveries")
    days, _locked = _days(actor)
    return render_template("overview_answers.html", days=days, said=_said(actor, days))


def _days(actor: Actor) -> tuple[int, Locked | None]:
    """Return how many days to show, and what was asked for when that comes with a larger plan."""
    text = request.args.get("days", "")
    days = int(text) if text in {str(period) for period in PERIODS} else USUAL
    if days <= EVERYBODYS_DAYS or has_feature(actor, "long_results"):
        return days, None
    words = account_words.tier(FEATURES["long_results"]), account_words.tier(tier_of(actor))
    return EVERYBODYS_DAYS, Locked(days, *words)


def _sales(actor: Actor, days: int) -> Sales | None:
    if not session.may("view_orders"):
        return None
    return sales(actor, zone=session.zone(), days=days, currency=session.profile().currency)


def _said(actor: Actor, days: int) -> dict[str, object]:
    zone = session.zone()
    first = datetime.now(zone).date() - timedelta(days=days - 1)
    since = datetime.combine(first, time(), zone).astimezone(UTC)
    purchases = answers(actor, since=since, canonical=PURCHASE)
    return {"platforms": purchases.platforms, "together": purchases.together}


def _health(actor: Actor) -> Health | None:
    if not session.may("manage_tracking_codes"):
        return None
    codes = list_codes(actor, limit=MANY).items
    sent = last_accepted(actor, [code.id for code in codes])
    listed = code_rows.rows(codes, sent)
    heard = [moment for code in codes for moment in (code.last_browser_hit_at, sent.get(code.id)) if moment]
    return Health(
        total=len(codes),
        on=sum(code.enabled for code in codes),
        working=sum(item.state is code_rows.WORKING for item in listed),
        heard_at=max(heard, default=None),
    )
