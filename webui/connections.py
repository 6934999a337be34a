"""Connections: the accounts conversions are sent through, and how to mend them."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from adrail import HealthReport
from core.accounts.api import Actor, organizers
from core.codes.api import FieldSpec, settings_form
from core.connections.api import (
    ConnectionView,
    check,
    get_connection,
    list_connections,
    pause,
    replace_secrets,
    resume,
)
from core.delivery.api import ledger
from core.errors import ConflictError, InvalidInputError
from webui import platforms, session, troubles, words
from webui.blueprint import page_blueprint
from webui.messages import say

pages = page_blueprint("connections", __name__, url_prefix="/connections")


def _manager() -> Actor:
    return session.actor("manage_connections")


def owners(actor: Actor) -> dict[int | None, str]:
    """Return the names of connections' owners; None is the marketplace itself."""
    names: dict[int | None, str] = {item.id: item.name for item in organizers(actor.tenant_id)}
    return {**names, None: _("The marketplace")}


@pages.get("/")
def show_list() -> str:
    """Every connection with its state."""
    actor = _manager()
    page = list_connections(actor, cursor=request.args.get("cursor"))
    return render_template(
        "connections/list.html", page=page, owners=owners(actor), reason=troubles.reason, args=request.args.to_dict()
    )


@pages.get("/<int:connection_id>")
def show_connection(connection_id: int) -> str:
    """One connection: how it is doing, what to do."""
    return _page(get_connection(_manager(), connection_id))


def _page(connection: ConnectionView, *, answer: HealthReport | None = None, problem: str = "") -> str:
    actor = _manager()
    return render_template(
        "connections/connection.html",
        connection=connection,
        owner=owners(actor).get(connection.organizer_id, ""),
        secrets=_secret_fields(connection),
        counts=ledger(actor, connection_id=connection.id),
        reason=troubles.reason(connection),
        answer=answer,
        problem=problem,
    )


def _secret_fields(connection: ConnectionView) -> list[FieldSpec]:
    return [spec for spec in settings_form(connection.provider) if spec.kind == "secret"]


@pages.post("/<int:connection_id>/check")
def check_now(connection_id: int) -> ResponseReturnValue:
    """Ask the platform, and show its answer."""
    actor = _manager()
    before = get_connection(actor, connection_id)
    answer = check(actor, connection_id)
    after = get_connection(actor, connection_id)
    if not request.headers.get("HX-Request"):
        return _page(after, answer=answer)
    if before.state != after.state:
        # The whole page tells another story now.
        say(words.translated(answer.summary), words.translated(answer.remedy), tone="good" if answer.ok else "bad")
        return "", {"HX-Refresh": "true"}
    return render_template("connections/answer.html", answer=answer)


@pages.post("/<int:connection_id>/token")
def reconnect(connection_id: int) -> ResponseReturnValue:
    """Store a new token, then ask the platform whether it works."""
    actor = _manager()
    connection = get_connection(actor, connection_id)
    secrets = {spec.name: request.form.get(spec.name, "").strip() for spec in _secret_fields(connection)}
    try:
        replace_secrets(actor, connection_id, secrets)
    except InvalidInputError as error:
        return _page(connection, problem=words.sentence(error.detail)), 422
    name = platforms.mark(connection.provider).name
    answer = check(actor, connection_id)
    if answer.ok:
        say(_("%(platform)s is connected again", platform=name), _("What was waiting is on its way."))
    else:
        said = f"{words.translated(answer.summary)} {words.translated(answer.remedy)}"
        say(_("The new token is stored, but %(platform)s does not take it", platform=name), said, tone="bad")
    return redirect(url_for("connections.show_connection", connection_id=connection_id))


@pages.post("/<int:connection_id>/pause")
def pause_sending(connection_id: int) -> ResponseReturnValue:
    """Stop sending until somebody goes on."""
    actor = _manager()
    try:
        pause(actor, connection_id)
    except ConflictError as error:
        say(_("Nothing was changed"), words.translated(error.detail), tone="wait")
    else:
        say(_("Sending is paused"), _("What happens meanwhile waits and is sent when you go on."))
    return redirect(url_for("connections.show_connection", connection_id=connection_id))


@pages.post("/<int:connection_id>/resume")
def go_on(connection_id: int) -> ResponseReturnValue:
    """Send again."""
    actor = _manager()
    try:
        resume(actor, connection_id)
    except ConflictError as error:
        say(_("Nothing was changed"), words.translated(error.detail), tone="wait")
    else:
        say(_("Sending again"), _("What was waiting is on its way."))
    return redirect(url_for("connections.show_connection", connection_id=connection_id))
