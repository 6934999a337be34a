"""Keys: what backends, organisers and scanners prove themselves with; made, replaced and revoked here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect

from adrail import phrase
from core.accounts.api import (
    KEY_SCOPES,
    Actor,
    KeyWish,
    NewKey,
    default_scopes,
    get_key,
    grantable,
    issue_key,
    list_keys,
    organizers,
    revoke_key,
    rotate_key,
)
from core.catalog.api import list_live_events
from core.config import settings
from core.errors import ConflictError, FieldProblem, InvalidInputError
from webui import key_words, session, words
from webui.blueprint import page_blueprint
from webui.messages import say

MAX_HINTS = 100
OVERLAPS = (0, 1, 24, 72, 168, 720)

pages = page_blueprint("keys", __name__, url_prefix="/keys")


def _manager() -> Actor:
    return session.actor("manage_keys")


@pages.get("/")
def show_list() -> str:
    """Every key of the marketplace, or of the organiser."""
    actor, args = _manager(), request.args
    kind = args.get("kind") if args.get("kind") in KEY_SCOPES else None
    page = list_keys(actor, kind=kind, cursor=args.get("cursor"))
    return render_template(
        "keys/list.html", page=page, kind=kind, kinds=_kinds(actor), words=key_words, args=args.to_dict()
    )


@pages.get("/new")
def show_kinds() -> str:
    """The kinds of keys to choose from."""
    return render_template("keys/kinds.html", kinds=_kinds(_manager()), words=key_words)


@pages.get("/new/<kind>")
def show_new(kind: str) -> str:
    """A form for a key of one kind."""
    return _form(_manager(), kind, {})


@pages.post("/new/<kind>")
def add(kind: str) -> ResponseReturnValue:
    """Make a key and show it, this once."""
    actor, form = _manager(), request.form
    try:
        made = issue_key(actor, _wish(kind, form))
    except InvalidInputError as error:
        return _form(actor, kind, words.wrong_fields(error)), 422
    return _shown_once(made)


@pages.get("/<int:key_id>")
def show(key_id: int) -> str:
    """What a key may do, when it ends, and what became of it."""
    return render_template("keys/key.html", key=get_key(_manager(), key_id), words=key_words)


@pages.get("/<int:key_id>/rotate")
def show_rotate(key_id: int) -> str:
    """Ask how long the old key shall go on working."""
    return render_template("keys/rotate.html", key=get_key(_manager(), key_id), overlaps=OVERLAPS, problem=None)


@pages.post("/<int:key_id>/rotate")
def rotate(key_id: int) -> ResponseReturnValue:
    """Replace a key and show the new one, this once."""
    actor = _manager()
    hours = request.form.get("overlap", "")
    overlap = timedelta(hours=int(hours) if hours.isdecimal() and len(hours) < 6 else -1)
    try:
        return _shown_once(rotate_key(actor, key_id, overlap=overlap))
    except (InvalidInputError, ConflictError) as error:
        said = words.said_of(error)
        key = get_key(actor, key_id)
        return render_template("keys/rotate.html", key=key, overlaps=OVERLAPS, problem=said), error.status


@pages.get("/<int:key_id>/revoke")
def show_revoke(key_id: int) -> str:
    """Ask before a key stops working."""
    return render_template("keys/revoke.html", key=get_key(_manager(), key_id))


@pages.post("/<int:key_id>/revoke")
def revoke(key_id: int) -> ResponseReturnValue:
    """Make a key useless."""
    key = revoke_key(_manager(), key_id)
    say(_("%(name)s no longer works", name=key.name), _("Requests that still use it are refused."))
    return redirect(url_for("keys.show_list"))


def _kinds(actor: Actor) -> list[str]:
    return [kind for kind in KEY_SCOPES if grantable(actor, kind)]


def _shown_once(made: NewKey) -> str:
    return render_template("keys/new_key.html", made=made, key=made.view, words=key_words, base_url=settings().base_url)


def _form(actor: Actor, kind: str, problems: Mapping[str, str]) -> str:
    allowed = grantable(actor, kind)
    if not allowed:
        abort(404)
    sent = request.method == "POST"
    usual = [scope for scope in default_scopes(kind) if scope in allowed]
    return render_template(
        "keys/form.html",
        kind=kind,
        scopes=allowed,
        chosen=request.form.getlist("scope") if sent else usual,
        owners=organizers(actor.tenant_id) if kind == "organizer" and actor.organizer_id is None else [],
        live_events=list_live_events(actor, upcoming=True, limit=MAX_HINTS).items if kind == "scanner" else [],
        values=request.form,
        problems=problems,
        words=key_words,
        today=datetime.now(session.zone()).date(),
    )


def _wish(kind: str, form: MultiDict[str, str]) -> KeyWish:
    scanner = kind == "scanner"
    return KeyWish(
        kind,
        form.get("name", "").strip(),
        form.get("organizer") or None,
        None if scanner else form.getlist("scope"),
        _end(form.get("expires", "").strip()),
        form.get("live_event", "").strip() if scanner else None,
        form.get("gate", "").strip() if scanner else None,
        form.get("device", "").strip() if scanner else None,
    )


def _end(text: str) -> datetime | None:
    """The last second of a day where the marketplace is; None for an empty field."""
    if not text:
        return None
    try:
        day = datetime.strptime(text[:20], "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day; its zone comes below
    except ValueError:
        problem = FieldProblem("/expires_at", "format", phrase("choose a day"))
        raise InvalidInputError(phrase("the day cannot be read"), errors=[problem]) from None
    return datetime.combine(day, time(23, 59, 59), session.zone())
