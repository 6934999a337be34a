"""Views of the catalogue: lists, one row with its history, and picking rows for forms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from core.accounts.api import Actor
from core.catalog.api import (
    Kind,
    form_of,
    get_live_event,
    get_row,
    kind_named,
    list_rows,
    may_write,
    next_statuses,
    row_changes,
    status_history,
    version_of,
)
from webui import session
from webui.catalog import cells, form, words
from webui.catalog.base import MAX_SEARCH, pages, reader

PICKED = 8
TICKET_TYPES_SHOWN = 100
FILTERS = {
    "venues": ("city", "country"),
    "artists": ("genre_id",),
    "ticket-types": ("live_event_id", "category"),
    "genres": (),
    "organizers": (),
    "ticket-links": ("live_event_id",),
    "products": ("category", "organizer_id"),
    "affiliates": (),
    "shop-orders": ("person_id",),
    "shipments": ("shop_order_id",),
}


@pages.get("/")
def show_start() -> ResponseReturnValue:
    """The first list."""
    return redirect(url_for("catalog.show_list", kind_name=words.TABS[0]))


def _tabs(actor: Actor) -> list[tuple[str, str]]:
    """Name and word of the lists that somebody may see."""
    kinds = [kind_named(name) for name in words.TABS]
    open_ones = [kind for kind in kinds if session.may(kind.view) and not (kind.closed and actor.organizer_id)]
    return [(kind.name, str(words.KINDS[kind.name].many)) for kind in open_ones]


@pages.get("/<kind_name>/")
def show_list(kind_name: str) -> ResponseReturnValue:
    """Rows of one kind by name; live events have a list of their own."""
    if kind_name == "live-events":
        return redirect(url_for("live_events.show_list"))
    actor, kind = reader(kind_name)
    search = request.args.get("search", "").strip()[:MAX_SEARCH]
    chosen = {name: request.args.get(name, "").strip()[:MAX_SEARCH] for name in FILTERS[kind.name]}
    page = list_rows(actor, kind, search=search, filters=chosen, cursor=request.args.get("cursor"))
    return render_template(
        "catalog/list.html",
        kind=kind,
        word=words.KINDS[kind.name],
        tabs=_tabs(actor),
        page=page,
        cells=cells.of(kind, page.items, _names(actor, kind, page.items)),
        search=search,
        chosen=chosen,
        labels={name: words.label(name) for name in chosen},
        args={"kind_name": kind.name, **request.args.to_dict()},
        may_change=may_write(actor, kind) and kind.name not in words.SENT_ONLY,
        made_elsewhere=words.OF_LIVE_EVENTS | words.SENT_ONLY,
    )


@pages.get("/<kind_name>/show/<path:external_id>")
def show_row(kind_name: str, external_id: str) -> str:
    """One row: what is known, what it is part of, who changed what."""
    actor, kind = reader(kind_name)
    row = get_row(actor, kind, external_id)
    values: dict[str, Any] = {}
    if kind.name == "live-events":
        event = get_live_event(actor.tenant_id, external_id=external_id)
        tickets = list_rows(
            actor,
            reader("ticket-types")[1],
            filters={"live_event_id": external_id},
            limit=TICKET_TYPES_SHOWN,
        )
        values = {
            "event": event,
            "tickets": tickets.items,
            "statuses": status_history(actor, external_id),
            "next_statuses": next_statuses(event.status, event.starts_at, event.ends_at),
            "actions": words.ACTIONS,
            "links": list_rows(actor, kind_named("ticket-links"), filters={"live_event_id": external_id}).items,
        }
    elif kind.name == "shop-orders":
        products = {line["product_id"] for line in row["items"]}
        values = {
            "products": dict(form.labelled(actor, "products", products)),
            "parcels": list_rows(actor, kind_named("shipments"), filters={"shop_order_id": external_id}).items,
        }
    return render_template(
        "catalog/row.html",
        kind=kind,
        word=words.KINDS[kind.name],
        state=words.state(kind.name, row["status"]) if "status" in row and kind.name != "live-events" else None,
        state_of=words.state,
        row=row,
        version=version_of(row),
        facts=_facts(actor, kind, row),
        changes=row_changes(actor, kind, external_id) if kind.name not in words.SENT_ONLY else (),
        listed=words.listed,
        who=words.who,
        may_change=may_write(actor, kind) and kind.name not in words.SENT_ONLY,
        **values,
    )


@pages.get("/pick/<kind_name>")
def pick(kind_name: str) -> str:
    """Rows to choose from in a form, narrowed by what was typed; what is chosen stays."""
    actor, kind = reader(kind_name)
    field = request.args.get("field", "")[:MAX_SEARCH]
    search = request.args.get("search", "").strip()[:MAX_SEARCH]
    chosen = form.labelled(actor, kind.name, request.args.getlist(field)[: PICKED * 5])
    # Who chooses a live event means one that is to come, unless they look for another.
    coming = {"upcoming": True} if kind.name == "live-events" and not search else {}
    found = list_rows(actor, kind, search=search, filters=coming, limit=PICKED).items
    taken = {item for item, _name in chosen}
    others = tuple((row["external_id"], row[kind.title]) for row in found if row["external_id"] not in taken)
    return render_template(
        "catalog/picker.html", name=field, chosen=chosen, options=others, many=request.args.get("many") == "1"
    )


def _names(actor: Actor, kind: Kind, rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Kind → id → name of everything that the rows of a page refer to."""
    found: dict[str, dict[str, str]] = {}
    for name, to in {**kind.references, **kind.lists}.items():
        if to == "persons":
            continue
        ids: set[str] = set()
        for row in rows:
            ids.update(row[name] if isinstance(row[name], list) else [row[name]] if row[name] else [])
        found.setdefault(to, {}).update(form.labelled(actor, to, ids))
    return found


def _facts(actor: Actor, kind: Kind, row: dict[str, Any]) -> list[tuple[str, Any, str]]:
    """Label, value and how to show it, of every field that is filled in."""
    references = {**kind.references, **kind.lists}
    facts: list[tuple[str, Any, str]] = []
    for spec in form_of(actor, kind, new=True):
        value = row.get(spec.name)
        if value in (None, "", [], {}) or spec.name in {kind.title, "external_id"}:
            continue
        # States stand beside the name, currencies beside amounts.
        if (value is False and spec.name != "on_sale") or spec.name in {"status", "currency"}:
            continue
        if spec.name in references:
            ids = value if isinstance(value, list) else [value]
            facts.append(
                (
                    words.label(spec.name),
                    [(references[spec.name], *it) for it in form.labelled(actor, references[spec.name], ids)],
                    "links",
                )
            )
        elif spec.kind == "moment":
            facts.append((words.label(spec.name), datetime.fromisoformat(value), "moment"))
        elif spec.kind == "translations":
            facts.append(
                (
                    words.label(spec.name),
                    [(words.LANGUAGES.get(code, code), texts) for code, texts in value.items()],
                    "translations",
                )
            )
        elif spec.kind == "country":
            facts.append((words.label(spec.name), words.country(value), "text"))
        elif spec.kind == "parts":
            facts.append((words.label(spec.name), [(words.label(part), text) for part, text in value.items()], "parts"))
        else:
            how = "percent" if spec.name == "commission_percent" else spec.kind
            facts.append((words.label(spec.name), value, how))
    return facts
