"""Refused events: groups, a sample of each with ways to mend it, one event to edit, and requests set aside."""

from __future__ import annotations

import json
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.utils import redirect

from core.errors import FieldProblem, InvalidInputError
from core.events.api import OPEN, REJECT_STATES, RejectFilter
from tracking.rejected import dead, replaying, service
from tracking.rejected.reading import RejectView
from tracking.rejected.repairs import OPERATIONS, read_repairs
from webui.collection import words
from webui.collection.base import keeper, pages, viewer
from webui.messages import say

MAX_LABEL = 100
NEWEST = 20


@pages.get("/refused")
def show_refused() -> str:
    """Groups of refused events, and requests that could not be stored."""
    actor, args = viewer(), request.args
    state = args.get("state", OPEN) if args.get("state", OPEN) in REJECT_STATES else OPEN
    chosen = RejectFilter(state, _label("event_name"), _label("code"))
    return render_template(
        "collection/refused.html",
        page=service.groups(actor, chosen, cursor=args.get("cursor")),
        chosen=chosen,
        filtered=chosen != RejectFilter(),
        set_aside=dead.dead_entries(actor, cursor=args.get("aside")),
        args={name: value for name, value in args.items() if value},
        words=words,
        tab="refused",
    )


def _label(name: str) -> str | None:
    return request.args.get(name, "").strip()[:MAX_LABEL] or None


@pages.get("/refused/groups/<group_key>")
def show_group(group_key: str) -> str:
    """One group: what is wrong, with its newest event, and repairs for all of them."""
    return _group(group_key, {})


def _group(group_key: str, problems: dict[str, str]) -> str:
    actor = viewer()
    sample = service.group_of(actor, group_key)
    return render_template(
        "collection/group.html",
        sample=sample,
        key=group_key,
        rows=service.listed(actor, group=group_key, limit=NEWEST),
        count=service.waiting(actor, group_key),
        operations=OPERATIONS,
        problems=problems,
        values=request.form,
        words=words,
        tab="refused",
    )


@pages.post("/refused/groups/<group_key>/replay")
def replay_group(group_key: str) -> ResponseReturnValue:
    """Repair and take up to 500 events of a group."""
    actor = keeper()
    service.demand_group(actor, group_key)
    try:
        done = replaying.replay_repaired(actor, read_repairs(_repairs()), group=group_key)
    except InvalidInputError as error:
        return _group(group_key, {"repair": error.errors[0].message if error.errors else error.detail}), 422
    _say_done(done)
    return redirect(
        url_for("collection.show_group", group_key=group_key) if done.left else url_for("collection.show_refused")
    )


def _repairs() -> list[dict[str, Any]]:
    """The repair of the form that was sent: a suggestion's button, or what somebody filled in; none: as they are."""
    operation, path = request.form.get("op", ""), request.form.get("path", "").strip()
    if not operation:
        return []
    value: Any = request.form.get("value", "").strip()
    return [{"op": operation, "path": path, "value": _json(value) if operation == "set" else value or None}]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text  # a word needs no quotes


def _say_done(done: replaying.Replayed) -> None:
    if not (done.replayed or done.refused or done.blocked):
        say(_("Nothing to do"), _("Somebody did it already."), tone="calm")
        return
    taken = ngettext("%(num)d event is taken", "%(num)d events are taken", done.replayed)
    rest = []
    if done.refused:
        rest.append(ngettext("%(num)d would be refused again.", "%(num)d would be refused again.", done.refused))
    if done.blocked:
        rest.append(
            ngettext(
                "%(num)d is not stored, because its visitor did not agree.",
                "%(num)d are not stored, because their visitors did not agree.",
                done.blocked,
            )
        )
    if done.left > done.refused:
        rest.append(_("There are more of them; do the same again."))
    say(taken, " ".join(rest), tone="good" if done.replayed else "wait")


@pages.post("/refused/groups/<group_key>/discard")
def discard_group(group_key: str) -> ResponseReturnValue:
    """Put up to 500 events of a group away."""
    actor = keeper()
    service.demand_group(actor, group_key)
    count = replaying.discard(actor, group=group_key)
    say(
        ngettext("%(num)d event is put away", "%(num)d events are put away", count),
        _("Nobody is asked about it again."),
    )
    return redirect(url_for("collection.show_refused"))


@pages.get("/refused/<int:reject_id>")
def show_reject(reject_id: int) -> str:
    """One refused event: what is wrong with it, and its JSON to edit."""
    return _reject(service.show(viewer(), reject_id))


def _reject(view: RejectView, typed: str | None = None, wrong: tuple[FieldProblem, ...] = ()) -> str:
    text = words.pretty(view.event) if typed is None else typed
    return render_template("collection/reject.html", view=view, text=text, wrong=wrong, words=words, tab="refused")


@pages.post("/refused/<int:reject_id>/replay")
def replay_reject(reject_id: int) -> ResponseReturnValue:
    """Take one event as somebody edited it."""
    actor, typed = keeper(), request.form.get("event", "")
    view = service.show(actor, reject_id)
    try:
        done = replaying.replay_edited(actor, reject_id, json.loads(typed))
    except json.JSONDecodeError as error:
        told = _("This is no JSON: look at line %(line)s, character %(column)s.", line=error.lineno, column=error.colno)
        return _reject(view, typed, (FieldProblem("", "json", told),)), 422
    except InvalidInputError as error:
        return _reject(view, typed, error.errors), 422
    _say_done(done)
    return redirect(url_for("collection.show_refused"))


@pages.post("/set-aside/<entry_id>/replay")
def replay_entry(entry_id: str) -> ResponseReturnValue:
    """Let a request that could not be stored be tried again."""
    if dead.put_back(keeper(), entry_id):
        say(_("Tried again"), _("If its events still cannot be stored, it comes back here."))
    else:
        say(_("Nothing to do"), _("Somebody did it already."), tone="calm")
    return redirect(url_for("collection.show_refused"))
