"""Two-step sign-in of one's own account: switching it on and off, and recovery codes."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.utils import redirect

from core.accounts.api import (
    Enrolment,
    begin_two_step,
    confirm_two_step,
    pending_two_step,
    renew_recovery_codes,
    switch_two_step_off,
)
from core.errors import ConflictError, InvalidInputError, TooManyRequestsError
from webui import auth, session
from webui.account_words import by_field
from webui.blueprint import page_blueprint
from webui.messages import say

pages = page_blueprint("two_step", __name__, url_prefix="/account/two-step")


def _stale() -> ResponseReturnValue | None:
    return session.confirmation(url_for("two_step.show"))


def _account() -> ResponseReturnValue:
    return redirect(url_for("account.show", _anchor="two-step-title"))


@pages.get("/")
def show() -> ResponseReturnValue:
    """Switch it on, step by step; or off, and make new recovery codes."""
    if ask := _stale():
        return ask
    me = session.profile()
    if me.two_step:
        return render_template("account/two_step_on.html")
    return _enrolment(pending_two_step(me.actor, me.email) or begin_two_step(me.actor, me.email), "")


def _enrolment(made: Enrolment, problem: str) -> str:
    # Drawn by the library from letters and digits only.
    return render_template(
        "account/two_step.html",
        picture=Markup(made.picture),  # noqa: S704
        secret=made.secret,
        problem=problem,
    )


@pages.post("/on")
def switch_on() -> ResponseReturnValue:
    """Take the first code, and show the recovery codes, this once."""
    if ask := _stale():
        return ask
    me = session.profile()
    try:
        codes = confirm_two_step(me.actor, request.form.get("code", "")[:50])
    except InvalidInputError as error:
        made = pending_two_step(me.actor, me.email)
        return (_enrolment(made, by_field(error)["code"]), 422) if made else _account()
    except TooManyRequestsError as error:
        made = pending_two_step(me.actor, me.email)
        return (_enrolment(made, auth.too_many(error).text), 429) if made else _account()
    except ConflictError:
        return redirect(url_for("two_step.show"))
    return render_template("account/recovery_codes.html", codes=codes, first=True)


@pages.post("/restart")
def restart() -> ResponseReturnValue:
    """Make another secret, for a telephone that was set up wrongly."""
    if ask := _stale():
        return ask
    me = session.profile()
    if not me.two_step:
        begin_two_step(me.actor, me.email)
    return redirect(url_for("two_step.show"))


@pages.post("/recovery-codes")
def new_codes() -> ResponseReturnValue:
    """Make new recovery codes and show them, this once."""
    if ask := _stale():
        return ask
    try:
        codes = renew_recovery_codes(session.profile().actor)
    except ConflictError:
        return redirect(url_for("two_step.show"))
    return render_template("account/recovery_codes.html", codes=codes, first=False)


@pages.post("/off")
def switch_off() -> ResponseReturnValue:
    """Let the password be enough again."""
    if ask := _stale():
        return ask
    switch_two_step_off(session.profile().actor)
    say(_("Two-step sign-in is off"), _("Your password alone is enough now. The recovery codes no longer work."))
    return _account()
