"""Pages behind mailed links, for people who are not signed in: a forgotten password and invitations."""

from __future__ import annotations

from collections.abc import Mapping

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts.api import (
    accept_as_new,
    accept_as_user,
    ask_for_reset,
    open_invitation,
    reset_is_open,
    reset_password,
    sign_in,
)
from core.errors import ConflictError, InvalidInputError, NotFoundError, TooManyRequestsError
from core.web import client_address
from webui import auth, session
from webui.account_words import by_field
from webui.blueprint import page_blueprint
from webui.words import sentence

MAX_INPUT = 500
SECRET_PAGE = {"Referrer-Policy": "no-referrer"}

pages = page_blueprint("account_links", __name__, public=True)


def _text(name: str) -> str:
    return request.form.get(name, "")[:MAX_INPUT]


@pages.get("/forgot-password")
def show_forgot() -> str:
    """Ask for the address."""
    return render_template("account/forgot.html", email="", sent=False, problem=None)


@pages.post("/forgot-password")
def forgot() -> ResponseReturnValue:
    """Have a link mailed; the answer is the same for addresses that nobody has."""
    email = _text("email")
    try:
        ask_for_reset(email, client_address=client_address())
    except TooManyRequestsError as error:
        problem = auth.too_many(error)
        body = render_template("account/forgot.html", email=email, sent=False, problem=problem)
        return body, 429, {"Retry-After": str(error.retry_after)}
    return render_template("account/forgot.html", email=email, sent=True, problem=None)


@pages.get("/reset-password/<token>")
def show_reset(token: str) -> ResponseReturnValue:
    """Ask for the new password."""
    if not reset_is_open(token):
        return _ended(), 410, SECRET_PAGE
    return render_template("account/reset.html", problems={}), 200, SECRET_PAGE


@pages.post("/reset-password/<token>")
def reset(token: str) -> ResponseReturnValue:
    """Set the new password."""
    try:
        reset_password(token, _text("password"))
    except NotFoundError:
        return _ended(), 410, SECRET_PAGE
    except InvalidInputError as error:
        return render_template("account/reset.html", problems=by_field(error)), 422, SECRET_PAGE
    session.end_session()
    return render_template("account/reset_done.html"), 200, SECRET_PAGE


@pages.get("/invitation/<token>")
def show_invitation(token: str) -> ResponseReturnValue:
    """Say who invites to what, and ask for name and password."""
    return _invitation(token, {})


@pages.post("/invitation/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Join: with a new account, or with the one that belongs to this address."""
    try:
        found = open_invitation(token)
        if found.known:
            return _join_as_user(token, found.email)
        profile = accept_as_new(token, display_name=_text("display_name"), password=_text("password"))
    except NotFoundError:
        return _ended(), 410, SECRET_PAGE
    except (InvalidInputError, ConflictError) as error:
        return _invitation(token, by_field(error) or {"password": sentence(error.detail)}, 422)
    return auth.go_in(profile, None)


def _join_as_user(token: str, email: str) -> ResponseReturnValue:
    known = session.profile_or_none()
    if known is None or known.email.casefold() != email.casefold():
        try:
            known = sign_in(email, _text("password"), client_address=client_address())
        except TooManyRequestsError as error:
            return _invitation(token, {"password": auth.too_many(error).text}, 429)
        if known is None:
            return _invitation(token, {"password": _("This is not the password of your account.")}, 401)
    joined = accept_as_user(token, known.actor.user_id or 0)
    return auth.go_in(joined, None)


def _invitation(token: str, problems: Mapping[str, str], status: int = 200) -> ResponseReturnValue:
    try:
        found = open_invitation(token)
    except NotFoundError:
        return _ended(), 410, SECRET_PAGE
    known = session.profile_or_none()
    here = known is not None and known.email.casefold() == found.email.casefold()
    name = _text("display_name")
    body = render_template("account/invitation.html", found=found, here=here, name=name, problems=problems)
    return body, status, SECRET_PAGE


def _ended() -> str:
    return render_template("account/link_ended.html")
