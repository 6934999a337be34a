"""The list of live events, read only."""

from __future__ import annotations

from flask import render_template, request

from core.catalog.api import list_live_events
from webui import session
from webui.blueprint import page_blueprint

MAX_SEARCH = 100

pages = page_blueprint("live_events", __name__, url_prefix="/live-events")


@pages.get("/")
def show_list() -> str:
    """Live events by date, coming ones unless all are wanted."""
    actor = session.actor("view_events")
    search = request.args.get("search", "").strip()[:MAX_SEARCH]
    past = request.args.get("when") == "all"
    page = list_live_events(actor, search=search, upcoming=not past, cursor=request.args.get("cursor"))
    return render_template(
        "live_events.html",
        page=page,
        search=search,
        past=past,
        args=request.args.to_dict(),
        several=len({event.organizer_id for event in page.items}) > 1,
    )
