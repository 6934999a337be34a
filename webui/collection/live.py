"""Events of one device as they come, for the developer who holds it."""

from __future__ import annotations

import secrets

from flask import render_template, request

from tracking.live.watches import WATCH_ID
from tracking.live.watching import earlier, look, open_watch, traced
from webui import words as general
from webui.collection import words
from webui.collection.base import pages, viewer

MAX_VISITOR = 64
SHOWN = 60


@pages.get("/live")
def show_live() -> str:
    """Ask for a device, or show what it sends; the list asks for news by itself."""
    actor = viewer()
    visitor = _visitor()
    return render_template(
        "collection/live.html",
        visitor=visitor,
        watch_id=secrets.token_hex(12),
        items=[],
        earlier=earlier(actor, visitor) if visitor else [],
        words=words,
        general=general,
        tab="live",
    )


@pages.get("/live/rows")
def show_live_rows() -> str:
    """The list alone, newest first; asking for it keeps the watch open."""
    actor, visitor = viewer(), _visitor()
    watch_id = request.args.get("watch", "")
    if not visitor or not WATCH_ID.fullmatch(watch_id):
        return render_template(
            "collection/live_rows.html", items=[], earlier=[], visitor=visitor, words=words, general=general
        )
    watch = open_watch(actor, visitor=visitor, watch_id=watch_id)
    items = traced(actor, look(actor, watch)[-SHOWN:])
    seen = {item.event_id for item in items}
    before = [item for item in earlier(actor, visitor) if item.event_id not in seen]
    return render_template(
        "collection/live_rows.html",
        items=list(reversed(items)),
        earlier=before,
        visitor=visitor,
        words=words,
        general=general,
    )


def _visitor() -> str:
    return request.args.get("visitor", "").strip()[:MAX_VISITOR]
