"""The first page: is it working, what did it bring, what must I do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import render_template

from core.accounts.api import Actor
from core.codes.api import list_codes, providers
from core.delivery.api import LedgerCounts, delivery_log, last_accepted, ledger
from webui import session
from webui.blueprint import page_blueprint
from webui.codes import rows as code_rows
from webui.deliveries import rows as delivery_rows
from webui.troubles import troubles

DAYS = 7
LATEST = 5
PURCHASE = "order_completed"
MANY = 200

pages = page_blueprint("overview", __name__)


@dataclass(frozen=True, slots=True)
class Health:
    """How the codes are doing: numbers of codes, and when one was last heard."""

    total: int
    on: int
    working: int
    heard_at: datetime | None


@pages.get("/")
def show() -> str:
    """Answer the three questions."""
    actor = session.actor("view_deliveries")
    now = datetime.now(UTC)
    week = now - timedelta(days=DAYS)
    return render_template(
        "overview.html",
        days=DAYS,
        health=_health(actor),
        troubles=troubles(actor),
        purchases=ledger(actor, since=week, canonical=PURCHASE),
        everything=ledger(actor, since=week),
        platforms=_by_platform(actor, week),
        latest=delivery_log(actor, limit=LATEST).items,
        rows=delivery_rows,
    )


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


def _by_platform(actor: Actor, since: datetime) -> list[tuple[str, LedgerCounts]]:
    counted = [(item.slug, ledger(actor, since=since, provider=item.slug)) for item in providers()]
    return [(slug, counts) for slug, counts in counted if counts.expected]
