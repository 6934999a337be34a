"""Signing in, with a second step for those who want one, and signing out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from flask import current_app, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from core.accounts.api import Profile, load_profile, sign_in, take_second_step
from core.errors import TooManyRequestsError
from core.web import client_address
from webui import session
from webui.blueprint import page_blueprint

MAX_INPUT = 500
HALF_WAY, HALF_WAY_SECONDS = "half_way", 300

pages = page_blueprint("auth", __name__, public=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nobody was signed in; the same words for an unknown address and a wrong password."""

    title: str
    text: str


def too_many(error: TooManyRequestsError) -> Problem:
    """Say how long to wait."""
    minutes = -(-error.retry_after // 60)
    wait = (
        f"{minutes} min" if error.retry_after > 60 else ngettext("%(num)d second", "%(num)d seconds", error.retry_after)
    )
    return Problem(_("Too many tries"), _("Wait %(time)s, then try again.", time=wait))


@pages.get("/sign-in")
def sign_in_form() -> ResponseReturnValue:
    """Show the form, or go on when already signed in."""
    target = session.safe_next(request.args.get("next"))
    known = session.profile_or_none()
    if known:
        return redirect(target or home(known))
    return render_template("sign_in.html", next=target, email="", problem=None)


@pages.post("/sign-in")
def sign_in_submit() -> ResponseReturnValue:
    """Sign in and go on to where the person wanted to be."""
    target = session.safe_next(request.args.get("next"))
    email = request.form.get("email", "")[:MAX_INPUT]
    password = request.form.get("password", "")[:MAX_INPUT]
    try:
        profile = sign_in(email, password, client_address=client_address())
    except TooManyRequestsError as error:
        body = render_template("sign_in.html", next=target, email=email, problem=too_many(error))
        return body, 429, {"Retry-After": str(error.retry_after)}
    if profile is None:
        wrong = Problem(_("That did not match"), _("Check the e-mail address and the password, then try again."))
        return render_template("sign_in.html", next=target, email=email, problem=wrong), 401
    return go_in(profile, target)


def go_in(profile: Profile, target: str | None) -> Response:
    """Sign somebody in who has proved their password, or ask for the second step."""
    if not profile.two_step:
        session.start_session(profile)
        return redirect(target or home(profile))
    cookie[HALF_WAY] = {
        "user": profile.actor.user_id,
        "membership": profile.actor.membership_id,
        "version": profile.sign_in_version,
        "until": int(time.time()) + HALF_WAY_SECONDS,
        "next": target,
    }
    return redirect(url_for("auth.second_step_form"))


def home(profile: Profile) -> str:
    """Return the first page that somebody may open: not everybody may see the overview."""
    if "view_deliveries" in profile.actor.permissions or "account.show" not in current_app.view_functions:
        return url_for("overview.show")
    return url_for("account.show")


def _half_way() -> dict[str, Any] | None:
    state = cookie.get(HALF_WAY)
    return state if isinstance(state, dict) and state.get("until", 0) > time.time() else None


@pages.get("/sign-in/code")
def second_step_form() -> ResponseReturnValue:
    """Ask for the code of somebody whose password was right."""
    if _half_way() is None:
        return redirect(url_for("auth.sign_in_form"))
    return render_template("sign_in_code.html", problem=None)


@pages.post("/sign-in/code")
def second_step() -> ResponseReturnValue:
    """Check the code and sign in."""
    state = _half_way()
    if state is None:
        return redirect(url_for("auth.sign_in_form"))
    try:
        taken = take_second_step(state["user"], request.form.get("code", "")[:MAX_INPUT])
    except TooManyRequestsError as error:
        body = render_template("sign_in_code.html", problem=too_many(error))
        return body, 429, {"Retry-After": str(error.retry_after)}
    if not taken:
        wrong = Problem(_("This code does not fit"), _("Use the one that your telephone shows now; each works once."))
        return render_template("sign_in_code.html", problem=wrong), 401
    profile = load_profile(state["user"], membership_id=state["membership"])
    if profile is None or profile.sign_in_version != state["version"]:
        cookie.pop(HALF_WAY, None)
        return redirect(url_for("auth.sign_in_form"))
    session.start_session(profile)
    return redirect(session.safe_next(state["next"]) or home(profile))


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    session.end_session()
    return redirect(url_for("auth.sign_in_form"))
