"""Views of the delivery log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.accounts.api import Actor
from core.codes.api import providers
from core.delivery.api import DeliveryView, LedgerCounts, delivery_detail, delivery_log, ledger, replay
from core.paging import Page
from core.privacy.api import PURPOSES
from webui import session, words
from webui.blueprint import page_blueprint
from webui.codes import picker
from webui.deliveries import rows
from webui.messages import say

LEDGER_DAYS = 7
MAX_ORDER = 128

pages = page_blueprint("deliveries", __name__, url_prefix="/deliveries")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; empty means everything."""

    state: str
    provider: str
    live_event: str
    order: str

    @property
    def any(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.state or self.provider or self.live_event or self.order)

    def as_args(self) -> dict[str, str]:
        """Return the address parameters that mean the same."""
        named = {"state": self.state, "provider": self.provider, "live_event": self.live_event, "order": self.order}
        return {name: value for name, value in named.items() if value}


def _filters() -> Filters:
    state = request.args.get("state", "")
    return Filters(
        state=state if state in words.DELIVERY_STATES else "",
        provider=request.args.get("provider", ""),
        live_event=request.args.get("live_event", ""),
        order=request.args.get("order", "").strip()[:MAX_ORDER],
    )


def _log(actor: Actor, filters: Filters) -> dict[str, Any]:
    cursor = request.args.get("cursor")
    page: Page[DeliveryView] = delivery_log(
        actor,
        state=filters.state or None,
        provider=filters.provider or None,
        live_event_id=filters.live_event or None,
        order=filters.order or None,
        cursor=cursor,
    )
    return {
        "page": page,
        "rows": rows,
        "filters": filters,
        "args": {**filters.as_args(), **({"cursor": cursor} if cursor else {})},
    }


def _ledger(actor: Actor, filters: Filters) -> dict[str, Any]:
    return {"counts": _counts(actor, filters), "days": LEDGER_DAYS}


def _counts(actor: Actor, filters: Filters) -> LedgerCounts:
    if filters.order:
        return ledger(actor, order=filters.order)
    since = datetime.now(UTC) - timedelta(days=LEDGER_DAYS)
    return ledger(actor, since=since, provider=filters.provider or None)


@pages.get("/")
def show_list() -> str:
    """The log, newest first; it renews itself while somebody looks."""
    actor = session.actor("view_deliveries")
    filters = _filters()
    return render_template(
        "deliveries/list.html",
        providers=providers(),
        events=picker.for_filter(actor, filters.live_event),
        **_log(actor, filters),
        **_ledger(actor, filters),
    )


@pages.get("/rows")
def show_rows() -> str:
    """The log's list alone."""
    return render_template("deliveries/rows.html", **_log(session.actor("view_deliveries"), _filters()))


@pages.get("/ledger")
def show_ledger() -> str:
    """The log's ledger alone."""
    filters = _filters()
    ledger_of = _ledger(session.actor("view_deliveries"), filters)
    return render_template("deliveries/ledger.html", filters=filters, **ledger_of)


@pages.get("/<int:delivery_id>")
def show_delivery(delivery_id: int) -> str:
    """One delivery: tries, what was sent, and the consent that allowed it."""
    detail = delivery_detail(session.actor("view_deliveries"), delivery_id)
    return render_template(
        "deliveries/delivery.html",
        detail=detail,
        delivery=detail.delivery,
        rows=rows,
        steps=rows.timeline(detail),
        sent=rows.flat(detail.sent),
        purposes=[name for name in PURPOSES if name in detail.consent],
    )


@pages.post("/<int:delivery_id>/replay")
def send_again(delivery_id: int) -> ResponseReturnValue:
    """Send a refused delivery once more; platforms count it once."""
    actor = session.actor("view_deliveries")
    delivery_detail(actor, delivery_id)  # what is not theirs is not found, as everywhere
    if replay(actor, [delivery_id]):
        say(_("Sent again"), _("The platform’s answer appears here in a few seconds."))
    else:
        say(_("Nothing to send"), _("It is already on its way or done."), tone="calm")
    return redirect(url_for("deliveries.show_delivery", delivery_id=delivery_id))
