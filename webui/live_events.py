"""The list of live events."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import gettext as _

from core.catalog.api import STATUSES, kind_named, list_live_events, may_write
from webui import session
from webui import words as vocabulary
from webui.blueprint import page_blueprint
from webui.catalog import form

MAX_SEARCH = 100
# Where other pages lead here from, and the kind of what they filter by.
BELONGS = {
    "organizer_id": "organizers",
    "venue_id": "venues",
    "genre_id": "genres",
    "artist_id": "artists",
}

pages = page_blueprint("live_events", __name__, url_prefix="/live-events")


@pages.get("/")
def show_list() -> str:
    """Live events by date, coming ones unless all are wanted."""
    actor = session.actor("view_events")
    search = request.args.get("search", "").strip()[:MAX_SEARCH]
    past = request.args.get("when") == "all"
    status = request.args.get("status", "")
    filters = {name: request.args.get(name, "")[:MAX_SEARCH] for name in BELONGS}
    filters["status"] = status if status in STATUSES else ""
    page = list_live_events(actor, search=search, upcoming=not past, filters=filters, cursor=request.args.get("cursor"))
    belongs = [
        (name, filters[name], label)
        for name, to in BELONGS.items()
        if filters[name]
        for _id, label in form.labelled(actor, to, [filters[name]])
    ]
    return render_template(
        "live_events.html",
        page=page,
        search=search,
        past=past,
        filters=filters,
        belongs=belongs,
        statuses=[(name, vocabulary.live_event_state(name).word) for name in STATUSES],
        narrowed=bool(search or past or any(filters.values())),
        problem=_("No live event has “%(search)s” in its name.", search=search)
        if search
        else _("No live event fits these filters."),
        args=request.args.to_dict(),
        several=len({event.organizer_id for event in page.items}) > 1,
        may_change=may_write(actor, kind_named("live-events")),
    )
