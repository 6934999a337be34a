"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from core.accounts.api import sign_in
from core.errors import TooManyRequestsError
from core.web import client_address
from webui import session
from webui.blueprint import page_blueprint

MAX_INPUT = 500

pages = page_blueprint("auth", __name__, public=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nobody was signed in; the same words for an unknown address and a wrong password."""

    title: str
    text: str


WRONG = Problem("That did not match", "Check the e-mail address and the password, then try again.")


@pages.get("/sign-in")
def sign_in_form() -> Response | str:
    """Show the form, or go on when already signed in."""
    target = session.safe_next(request.args.get("next"))
    if session.profile_or_none():
        return redirect(target or url_for("overview.show"))
    return render_template("sign_in.html", next=target, email="", problem=None)


@pages.post("/sign-in")
def sign_in_submit() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Sign in and go on to where the person wanted to be."""
    target = session.safe_next(request.args.get("next"))
    email = request.form.get("email", "")[:MAX_INPUT]
    password = request.form.get("password", "")[:MAX_INPUT]
    try:
        profile = sign_in(email, password, client_address=client_address())
    except TooManyRequestsError as error:
        wait = f"{-(-error.retry_after // 60)} min" if error.retry_after > 60 else f"{error.retry_after} seconds"
        problem = Problem("Too many tries", f"Wait {wait}, then try again.")
        body = render_template("sign_in.html", next=target, email=email, problem=problem)
        return body, 429, {"Retry-After": str(error.retry_after)}
    if profile is None:
        return render_template("sign_in.html", next=target, email=email, problem=WRONG), 401
    session.start_session(profile)
    return redirect(target or url_for("overview.show"))


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session."""
    session.end_session()
    return redirect(url_for("auth.sign_in_form"))
