"""Your account: name, language, time zone, password, sessions, account type, and where one acts."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import available_timezones

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.utils import redirect

from core.accounts.api import (
    NEEDED,
    act_for,
    ask_for_type,
    change_password,
    check_password,
    confirm_session,
    list_sessions,
    own_request,
    recovery_codes_left,
    revoke_other_sessions,
    revoke_session,
    set_language,
    set_name,
    set_time_zone,
    tier_of,
    types_to_ask_for,
    workplaces,
)
from core.errors import ConflictError, InvalidInputError, TooManyRequestsError
from core.languages import LANGUAGES
from webui import account_words, auth, session
from webui.account_words import by_field, refusal
from webui.blueprint import page_blueprint
from webui.messages import say

MAX_INPUT = 500
ZONES = [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name and name[:4] != "Etc/"]

pages = page_blueprint("account", __name__, url_prefix="/account")


def _text(name: str) -> str:
    return request.form.get(name, "")[:MAX_INPUT]


@pages.get("/")
def show() -> str:
    """Everything about the signed-in person."""
    return _page({})


def _page(problems: Mapping[str, str]) -> str:
    me, opened = session.profile(), session.opened()
    actor = me.actor
    return render_template(
        "account/account.html",
        me=me,
        problems=problems,
        typed=request.form,
        languages=LANGUAGES,
        zones=ZONES,
        sessions=list_sessions(actor, opened.id),
        codes_left=recovery_codes_left(actor) if me.two_step else 0,
        tier=tier_of(actor),
        wish=own_request(actor),
        places=workplaces(actor.user_id or 0),
        people=account_words,
    )


def _here(anchor: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("account.show", _anchor=anchor))


@pages.post("/profile")
def save_profile() -> ResponseReturnValue:
    """Save name, language and time zone."""
    actor = session.profile().actor
    try:
        set_name(actor, _text("display_name"))
        set_time_zone(actor, _text("time_zone") or None)
        set_language(actor, _text("language"))
    except InvalidInputError as error:
        return _page(by_field(error)), 422
    session.remember_language(_text("language"))
    say(_("Saved"), _("Pages and mails follow from now on."))
    return _here()


@pages.post("/password")
def save_password() -> ResponseReturnValue:
    """Replace the password."""
    actor = session.profile().actor
    try:
        change_password(actor, session.opened().id, current=_text("current"), new=_text("new"))
    except InvalidInputError as error:
        return _page(by_field(error)), 422
    except TooManyRequestsError as error:
        return _page({"current": auth.too_many(error).text}), 429
    say(_("Your password is changed"), _("All other sessions have ended."))
    return _here()


@pages.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """End one session."""
    if session_id == session.opened().id:
        session.end_session()
        return redirect(url_for("auth.sign_in_form"))
    revoke_session(session.profile().actor, session_id)
    say(_("That session has ended"), _("Whoever used it has to sign in again."))
    return _here("sessions-title")


@pages.post("/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """End every session but this one."""
    ended = revoke_other_sessions(session.profile().actor, session.opened().id)
    say(ngettext("%(num)d session has ended", "%(num)d sessions have ended", ended))
    return _here("sessions-title")


@pages.post("/act-for/<int:membership_id>")
def switch(membership_id: int) -> ResponseReturnValue:
    """Go on under another membership."""
    profile = act_for(session.profile().actor, session.opened().id, membership_id)
    name = profile.organizer_name or profile.tenant_name
    say(_("You now act for %(name)s", name=name))
    return redirect(auth.home(profile))


@pages.get("/confirm")
def show_confirm() -> str:
    """Ask for the password before something dangerous."""
    return _confirm("")


def _confirm(problem: str) -> str:
    target = session.safe_next(request.args.get("next"))
    return render_template("account/confirm.html", next=target, problem=problem, me=session.profile())


@pages.post("/confirm")
def confirm() -> ResponseReturnValue:
    """Check the password and go on."""
    try:
        right = check_password(session.profile().actor.user_id or 0, _text("password"))
    except TooManyRequestsError as error:
        return _confirm(auth.too_many(error).text), 429, {"Retry-After": str(error.retry_after)}
    if not right:
        return _confirm(_("This is not your password.")), 401
    confirm_session(session.opened().id)
    return redirect(session.safe_next(request.args.get("next")) or url_for("account.show"))


@pages.get("/type")
def show_type() -> str:
    """A form for another account type."""
    return _type({})


def _type(problems: Mapping[str, str]) -> str:
    me = session.profile()
    kind = (
        me.actor.subject[0] if me.actor.subject else ("marketplace" if me.actor.organizer_id is None else "organizer")
    )
    return render_template(
        "account/type.html",
        me=me,
        types=[name for name in types_to_ask_for(kind) if name != me.account_type],
        needed=NEEDED,
        problems=problems,
        typed=request.form,
        people=account_words,
    )


@pages.post("/type")
def ask_type() -> ResponseReturnValue:
    """Ask the marketplace for another account type."""
    try:
        ask_for_type(session.profile().actor, _text("account_type"), request.form.get("statement", "")[:5000])
    except InvalidInputError as error:
        return _type(by_field(error)), 422
    except ConflictError as error:
        say(_("Nothing was changed"), refusal(error), tone="wait")
        return _here()
    say(_("Your wish is on its way"), _("An administrator of the marketplace looks at it."))
    return _here("type-title")
