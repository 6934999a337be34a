"""Roles and permissions: what each account type may do in this marketplace."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.accounts.api import (
    ACCOUNT_TYPES,
    LOCKED,
    PERMISSIONS,
    ROLES,
    Actor,
    get_matrix,
    reset_matrix,
    set_matrix,
)
from core.accounts.api import default_matrix as defaults
from core.accounts.api import role_reach as reach
from webui import account_words, session
from webui.blueprint import page_blueprint
from webui.messages import say

FIRST = "organizer"

pages = page_blueprint("roles", __name__, url_prefix="/people/roles")


def _admin() -> Actor:
    return session.actor("admin")


@pages.get("/")
def show() -> ResponseReturnValue:
    """The matrix, one account type at a time."""
    actor = _admin()
    if ask := session.confirmation(request.full_path.rstrip("?")):
        return ask
    kind = request.args.get("type", FIRST)
    kind = kind if kind in ACCOUNT_TYPES else FIRST
    granted = get_matrix(actor)
    named = {name for _group, keys in account_words.PERMISSION_GROUPS for name in keys}
    groups = [(title, list(keys)) for title, keys in account_words.PERMISSION_GROUPS]
    if others := sorted(PERMISSIONS - named):
        groups.append((_("More"), others))
    return render_template(
        "people/roles.html",
        kind=kind,
        kinds=ACCOUNT_TYPES,
        granted=granted,
        defaults=defaults(),
        groups=groups,
        total=len(PERMISSIONS),
        locked=LOCKED.get(kind, frozenset()),
        roles=ROLES,
        reach={name: sorted(reach(name)) for name in ROLES},
        people=account_words,
    )


@pages.post("/")
def save() -> ResponseReturnValue:
    """Save what one account type is granted."""
    actor = _admin()
    kind = request.args.get("type", "")
    here = url_for("roles.show", type=kind)
    if ask := session.confirmation(here):
        return ask
    if kind in ACCOUNT_TYPES:
        wanted = set(request.form.getlist("permission")) | LOCKED.get(kind, frozenset())
        set_matrix(actor, {kind: wanted & PERMISSIONS})
        say(_("Saved"), _("It counts from everybody’s next click on."))
    return redirect(here)


@pages.post("/reset")
def reset() -> ResponseReturnValue:
    """Go back to what adrail ships with."""
    actor = _admin()
    if ask := session.confirmation(url_for("roles.show")):
        return ask
    reset_matrix(actor)
    say(_("Every account type is as it was delivered"))
    return redirect(url_for("roles.show"))
