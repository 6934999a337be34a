"""Views that change the catalogue: add, change, take back, change a live event's status."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.accounts.api import Actor
from core.catalog.api import (
    NEXT,
    Kind,
    RowField,
    Saved,
    change_status,
    consequences,
    create_row,
    end_of,
    form_of,
    get_live_event,
    get_row,
    refusal,
    row_changes,
    save_row,
    undo_change,
    version_of,
)
from core.errors import ConflictError, InvalidInputError, NotFoundError
from webui import session
from webui import words as vocabulary
from webui.catalog import form, words
from webui.catalog.base import MAX_SEARCH, editor, pages
from webui.messages import say

MAX_REASON = 500


@pages.get("/<kind_name>/new")
def show_new(kind_name: str) -> str:
    """The empty form; the address may say what it belongs to."""
    actor, kind = editor(kind_name)
    values: dict[str, Any] = {
        name: request.args[name][:MAX_SEARCH] for name in kind.references if request.args.get(name)
    }
    if kind.name == "live-events":
        values |= {"currency": session.profile().currency, "status": "draft"}
    elif kind.name == "products":
        values |= {"currency": session.profile().currency, "on_sale": True, "seller": session.profile().organizer_name}
    return _page(actor, kind, values)


@pages.post("/<kind_name>/new")
def add(kind_name: str) -> ResponseReturnValue:
    """Add a row."""
    actor, kind = editor(kind_name)
    values = form.read(_specs(actor, kind), request.form)
    try:
        row = create_row(actor, kind, form.with_id(kind, values))
    except (InvalidInputError, ConflictError) as error:
        return _page(actor, kind, values, form.problems_of(error)), 422
    say(_("%(name)s added", name=row[kind.title]))
    return redirect(_back(kind, row))


@pages.get("/<kind_name>/edit/<path:external_id>")
def show_edit(kind_name: str, external_id: str) -> str:
    """The form of a row."""
    actor, kind = editor(kind_name)
    row = get_row(actor, kind, external_id)
    return _page(actor, kind, row, row=row, version=version_of(row))


@pages.post("/<kind_name>/edit/<path:external_id>")
def change(kind_name: str, external_id: str) -> ResponseReturnValue:
    """Save a row, unless somebody else changed it meanwhile; say what changed, and offer to take it back."""
    actor, kind = editor(kind_name)
    row = get_row(actor, kind, external_id)
    values = form.read(_specs(actor, kind, new=False), request.form)
    version = request.form.get("version", "")
    try:
        saved = save_row(actor, kind, external_id, _kept_languages(values, row), version=version)
    except (InvalidInputError, ConflictError) as error:
        return _page(actor, kind, values, form.problems_of(error), row=row, version=version), 422
    _say_saved(kind, saved)
    return redirect(_back(kind, saved.row))


@pages.post("/<kind_name>/undo/<int:change_id>/<path:external_id>")
def take_back(kind_name: str, change_id: int, external_id: str) -> ResponseReturnValue:
    """Bring a row back to what it was before one change."""
    actor, kind = editor(kind_name)
    try:
        undo_change(actor, kind, external_id, change_id)
    except (ConflictError, InvalidInputError) as error:
        say(_("It could not be taken back"), vocabulary.said_of(error), tone="wait")
    else:
        say(_("Taken back"), _("It is as it was before."))
    return redirect(url_for("catalog.show_row", kind_name=kind.name, external_id=external_id))


@pages.get("/live-events/status/<status>/<path:external_id>")
def ask_status(status: str, external_id: str) -> str:
    """Say what a new status will do, before it is done."""
    actor, _kind = editor("live-events")
    if status not in NEXT:
        raise NotFoundError(f"there is no status {status!r}")
    event = get_live_event(actor.tenant_id, external_id=get_row(actor, _kind, external_id)["external_id"])
    return render_template(
        "catalog/status.html",
        event=event,
        what=consequences(actor, external_id, status),
        action=words.ACTIONS[status],
        state=vocabulary.live_event_state(status),
    )


@pages.post("/live-events/status/<status>/<path:external_id>")
def set_status(status: str, external_id: str) -> ResponseReturnValue:
    """Change a live event's status."""
    actor, kind = editor("live-events")
    before = get_row(actor, kind, external_id)["status"]
    if status not in NEXT:
        raise NotFoundError(f"there is no status {status!r}")
    try:
        row = change_status(actor, external_id, status, request.form.get("reason", "").strip()[:MAX_REASON])
    except ConflictError as error:
        say(_("Nothing was changed"), vocabulary.said_of(error), tone="wait")
    else:
        title = _("%(title)s: %(state)s", title=row["title"], state=vocabulary.live_event_state(status).word)
        say(title, undo=_undo_status(actor, kind, external_id, before, status))
    return redirect(url_for("catalog.show_row", kind_name="live-events", external_id=external_id))


def _undo_status(actor: Actor, kind: Kind, external_id: str, before: str, after: str) -> str | None:
    event = get_live_event(actor.tenant_id, external_id=external_id)
    if before == after or refusal(after, before, end_of(event.starts_at, event.ends_at)):
        return None
    newest = row_changes(actor, kind, external_id, limit=1)[0]
    return url_for("catalog.take_back", kind_name=kind.name, change_id=newest.id, external_id=external_id)


def _specs(actor: Actor, kind: Kind, *, new: bool = True) -> list[RowField]:
    return form_of(actor, kind, new=new)


def _page(
    actor: Actor,
    kind: Kind,
    values: Any,
    problems: form.Problems | None = None,
    *,
    row: Any = None,
    version: str = "",
) -> str:
    found = problems or form.Problems()
    return render_template(
        "catalog/form.html",
        kind=kind,
        word=words.KINDS[kind.name],
        row=row,
        version=version,
        problems=found,
        fields=form.shown(actor, kind, _specs(actor, kind, new=row is None), values, found),
        back=_back(kind, row) if row else url_for("catalog.show_list", kind_name=kind.name),
    )


def _kept_languages(values: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Keep translations into languages that the form does not show."""
    if "translations" not in values:
        return values
    others = {code: texts for code, texts in row["translations"].items() if code not in words.LANGUAGES}
    return {**values, "translations": {**others, **values["translations"]}}


def _back(kind: Kind, row: dict[str, Any]) -> str:
    if kind.name in words.OF_LIVE_EVENTS:
        return url_for("catalog.show_row", kind_name="live-events", external_id=row["live_event_id"])
    return url_for("catalog.show_row", kind_name=kind.name, external_id=row["external_id"])


def _say_saved(kind: Kind, saved: Saved) -> None:
    name = saved.row[kind.title]
    if saved.change_id is None:
        say(_("Nothing to save"), _("%(name)s is as it was.", name=name), tone="calm")
        return
    undo = url_for(
        "catalog.take_back", kind_name=kind.name, change_id=saved.change_id, external_id=saved.row["external_id"]
    )
    say(_("%(name)s saved", name=name), _("Changed: %(fields)s.", fields=words.listed(saved.changed)), undo=undo)
