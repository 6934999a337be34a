"""Pages of orders: the list, and one order with its lines, shares, refunds and history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template, request

from core.accounts.api import Actor
from core.catalog.api import get_live_events, get_order, get_row, kind_named, list_orders, list_rows
from core.delivery.api import ledger
from webui import order_words, session
from webui.blueprint import page_blueprint

MAX_SEARCH = 128
MOST_SELLERS = 100

pages = page_blueprint("order_pages", __name__, url_prefix="/orders")


def _filters() -> dict[str, str]:
    """What the list is narrowed to; only what says something."""
    given = {name: request.args.get(name, "").strip()[:MAX_SEARCH] for name in ("search", "status", "organizer")}
    given |= {name: request.args.get(name, "").strip()[:MAX_SEARCH] for name in ("live_event", "person", "period")}
    if given["status"] not in order_words.STATES:
        given["status"] = ""
    if given["period"] not in order_words.PERIODS:
        given["period"] = ""
    return {name: value for name, value in given.items() if value}


@pages.get("/")
def show_list() -> str:
    """Orders, newest first; staff of an organiser see its part of them."""
    actor = session.actor("view_orders")
    chosen = _filters()
    days = chosen.get("period")
    cursor = request.args.get("cursor")
    page = list_orders(
        actor,
        status=chosen.get("status"),
        organizer_id=chosen.get("organizer"),
        live_event_id=chosen.get("live_event"),
        person_id=chosen.get("person"),
        since=datetime.now(UTC) - timedelta(days=int(days)) if days else None,
        search=chosen.get("search", ""),
        cursor=cursor,
    )
    narrowed = get_live_events(actor.tenant_id, [chosen["live_event"]]) if "live_event" in chosen else []
    narrowed = [event for event in narrowed if actor.organizer_id in {None, event.organizer_id}]
    args: dict[str, Any] = {**chosen, **({"cursor": cursor} if cursor else {})}
    return render_template(
        "orders/list.html",
        page=page,
        chosen=chosen,
        args=args,
        sellers=_sellers(actor, chosen),
        words=order_words,
        live_event=narrowed[0] if narrowed else None,
        whole=actor.organizer_id is None,
    )


def _sellers(actor: Actor, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """The organisers to choose from, as many as people can choose from; the chosen one is among them."""
    if actor.organizer_id is not None:
        return []
    kind = kind_named("organizers")
    found = list_rows(actor, kind, limit=MOST_SELLERS).items
    name = chosen.get("organizer")
    if name and name not in {item["external_id"] for item in found}:
        found = [get_row(actor, kind, name), *found]
    return found


@pages.get("/<path:number>")
def show_order(number: str) -> str:
    """One order."""
    actor = session.actor("view_orders")
    detail = get_order(actor, number)
    told = ledger(actor, order=number) if session.may("view_deliveries") else None
    return render_template("orders/order.html", detail=detail, order=detail.order, told=told, words=order_words)
