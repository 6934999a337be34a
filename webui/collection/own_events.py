"""Events of the marketplace's own: the list, the form that defines one or adds a version, and one with its versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.events.api import OwnEvent
from tracking.own_events import service
from tracking.registry.own import PREFIX
from tracking.registry.own_fields import MAX_FIELDS, TYPES
from webui.collection import words
from webui.collection.base import by_field, keeper, pages, viewer
from webui.messages import say

BLANK_ROWS = 4
MORE_ROWS = 4


@pages.get("/events")
def show_events() -> str:
    """Every event of the marketplace's own."""
    page = service.list_own_events(viewer(), cursor=request.args.get("cursor"))
    return render_template("collection/events.html", page=page, args=request.args, words=words, tab="events")


@pages.get("/events/new")
def show_new_event() -> str:
    """An empty form for an event."""
    keeper()
    return _form(None, {})


@pages.post("/events/new")
def add_event() -> ResponseReturnValue:
    """Define an event."""
    actor = keeper()
    if "more" in request.form:
        return _form(None, {})
    try:
        made = service.define(actor, _definition())
    except (InvalidInputError, ConflictError) as error:
        return _form(None, by_field(error)), 422
    say(_("%(name)s is defined", name=made.name), _("Pages can send it from now on."))
    return redirect(url_for("collection.show_event", event_name=made.name))


@pages.get("/events/show/<event_name>")
def show_event(event_name: str) -> str:
    """One event: its fields, an example to copy, its versions."""
    versions = service.get_own_event(viewer(), event_name)
    newest = versions[-1]
    return render_template(
        "collection/event.html",
        item=newest,
        versions=list(reversed(versions)),
        example=words.pretty(newest.example),
        call=_call(newest),
        words=words,
        tab="events",
    )


@pages.get("/events/extend/<event_name>")
def show_extend(event_name: str) -> str:
    """The form of a further version, filled in with the one before."""
    return _form(service.get_own_event(keeper(), event_name)[-1], {})


@pages.post("/events/extend/<event_name>")
def extend_event(event_name: str) -> ResponseReturnValue:
    """Add a version."""
    actor = keeper()
    newest = service.get_own_event(actor, event_name)[-1]
    if "more" in request.form:
        return _form(newest, {})
    try:
        wanted = _definition()
        service.extend(actor, event_name, wanted.fields, description=wanted.description, example=wanted.example)
    except (InvalidInputError, ConflictError) as error:
        return _form(newest, by_field(error)), 422
    say(_("A version of %(name)s is added", name=event_name), _("Senders of the ones before go on working."))
    return redirect(url_for("collection.show_event", event_name=event_name))


@pages.post("/events/retire/<event_name>")
def retire_event(event_name: str) -> ResponseReturnValue:
    """Refuse an event from now on."""
    service.retire(keeper(), event_name)
    undo = url_for("collection.restore_event", event_name=event_name)
    say(_("%(name)s is retired", name=event_name), _("Whoever still sends it is refused."), undo=undo)
    return redirect(url_for("collection.show_event", event_name=event_name))


@pages.post("/events/restore/<event_name>")
def restore_event(event_name: str) -> ResponseReturnValue:
    """Accept a retired event again."""
    service.restore(keeper(), event_name)
    say(_("%(name)s is in use again", name=event_name))
    return redirect(url_for("collection.show_event", event_name=event_name))


def _call(item: OwnEvent) -> str:
    """The line that a page sends it with."""
    return f'adrail.track("{item.name}", {{ payload: {json.dumps(item.example, ensure_ascii=False)} }});'


def _form(newest: OwnEvent | None, problems: Mapping[str, str]) -> str:
    sent = request.method == "POST"
    rows = _typed_rows() if sent else [_row(item, fixed=True) for item in newest.fields] if newest else []
    blank = MORE_ROWS if "more" in request.form else 0 if sent else BLANK_ROWS
    rows += [{"required": False, "personal": False}] * max(0, min(blank, MAX_FIELDS - len(rows)))
    fixed = len(newest.fields) if newest else 0
    values = request.form if sent else {"name": PREFIX, "description": newest.description if newest else ""}
    return render_template(
        "collection/event_form.html",
        newest=newest,
        rows=rows,
        fixed=fixed,
        values=values,
        sources=request.form.getlist("source") if sent else ["web", "mobile"],
        every_source=service.SOURCES,
        scopes=service.SCOPES,
        types=list(TYPES),
        problems=problems,
        of_fields={key: text for key, text in problems.items() if key.startswith("fields")},
        bad_rows={int(key.split("/")[1]) for key in problems if key.startswith("fields/")},
        words=words,
        tab="events",
    )


def _row(item: Mapping[str, Any], *, fixed: bool) -> dict[str, Any]:
    return {**item, "choices": ", ".join(item.get("choices", ())), "fixed": fixed}


def _typed_rows() -> list[dict[str, Any]]:
    names, kinds = request.form.getlist("field_name"), request.form.getlist("field_type")
    choices, told = request.form.getlist("field_choices"), request.form.getlist("field_description")
    required, personal = request.form.getlist("required"), request.form.getlist("personal")
    rows: list[dict[str, Any]] = []
    for place, (name, kind) in enumerate(zip(names, kinds, strict=False)):
        rows.append(
            {
                "name": name.strip(),
                "type": kind,
                "choices": choices[place].strip() if place < len(choices) else "",
                "description": told[place].strip() if place < len(told) else "",
                "required": str(place) in required,
                "personal": str(place) in personal,
            }
        )
    return rows[:MAX_FIELDS]


def _fields(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        if not row["name"]:
            continue  # a row that nobody filled in
        item = {key: row[key] for key in ("name", "type", "description", "required", "personal") if row[key]}
        if row["type"] == "choice":
            item["choices"] = [text.strip() for text in row["choices"].split(",") if text.strip()]
        found.append(item)
    return found


def _definition() -> service.Definition:
    form, text = request.form, request.form.get("example", "").strip()
    try:
        example = json.loads(text) if text else None
    except json.JSONDecodeError as error:
        told = _("this is no JSON: look at line %(line)s, character %(column)s", line=error.lineno, column=error.colno)
        raise InvalidInputError(told, errors=[FieldProblem("/example", "json", told)]) from None
    if example is not None and not isinstance(example, dict):
        told = _("write the fields between { and }")
        raise InvalidInputError(told, errors=[FieldProblem("/example", "type", told)])
    return service.Definition(
        form.get("name", "").strip(),
        form.get("description", ""),
        form.getlist("source"),
        form.get("scope", "analytics"),
        _fields(_typed_rows()),
        example,
    )
