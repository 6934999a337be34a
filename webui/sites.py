"""Sites: where pages may report from, and the write keys that they report with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.accounts.api import (
    DNT_POLICIES,
    Actor,
    SiteView,
    create_site,
    get_site,
    list_sites,
    retire_write_key,
    rotate_write_key,
    update_site,
)
from core.errors import ConflictError, InvalidInputError
from webui import session, words
from webui.blueprint import page_blueprint
from webui.messages import say

OVERLAPS = (1, 24, 72, 168, 720)
RULES = ("dnt_policy", "visitor_cookie", "cookie_domain")

pages = page_blueprint("sites", __name__, url_prefix="/sites")


def _admin() -> Actor:
    return session.actor("admin")


@pages.get("/")
def show_list() -> str:
    """Every site with its write key."""
    return render_template("sites/list.html", sites=list_sites(_admin()))


@pages.get("/new")
def show_new() -> str:
    """An empty form for a site."""
    _admin()
    return _form(None, {})


@pages.post("/new")
def add() -> ResponseReturnValue:
    """Add a site."""
    actor = _admin()
    try:
        made = create_site(actor, site_id=request.form.get("site_id", "").strip(), **_values())
    except (InvalidInputError, ConflictError) as error:
        return _form(None, words.wrong_fields(error)), 422
    say(_("%(name)s is added", name=made.name), _("Put its write key into the pages."))
    return redirect(url_for("sites.show_list"))


@pages.get("/<int:site_id>/edit")
def show_edit(site_id: int) -> str:
    """Name and origins of a site."""
    return _form(get_site(_admin(), site_id), {})


@pages.post("/<int:site_id>/edit")
def change(site_id: int) -> ResponseReturnValue:
    """Save name and origins."""
    actor = _admin()
    try:
        made = update_site(actor, site_id, **_values(), **_rules())
    except InvalidInputError as error:
        return _form(get_site(actor, site_id), words.wrong_fields(error)), 422
    say(_("%(name)s is saved", name=made.name), _("Other origins count within a minute."))
    return redirect(url_for("sites.show_list"))


def _values() -> dict[str, Any]:
    return {"name": request.form.get("name", ""), "origins": request.form.get("origins", "").split()}


def _rules() -> dict[str, Any]:
    return {
        "dnt_policy": request.form.get("dnt_policy"),
        "visitor_cookie": "visitor_cookie" in request.form,
        "cookie_domain": request.form.get("cookie_domain", ""),
    }


def _form(site: SiteView | None, problems: Mapping[str, str]) -> str:
    typed = request.form if request.method == "POST" else None
    values = {
        "site_id": typed.get("site_id", "") if typed else "",
        "name": typed.get("name", "") if typed else (site.name if site else ""),
        "origins": typed.get("origins", "") if typed else "\n".join(site.allowed_origins if site else ()),
    }
    if site:
        values |= _rules() if typed else {name: getattr(site, name) for name in RULES}
    return render_template("sites/form.html", site=site, values=values, problems=problems, policies=DNT_POLICIES)


@pages.get("/<int:site_id>/rotate")
def show_rotate(site_id: int) -> str:
    """Ask how long the old write key shall count."""
    return render_template("sites/rotate.html", site=get_site(_admin(), site_id), overlaps=OVERLAPS, problem=None)


@pages.post("/<int:site_id>/rotate")
def rotate(site_id: int) -> ResponseReturnValue:
    """Give a site a new write key."""
    actor = _admin()
    hours = request.form.get("overlap", "")
    overlap = timedelta(hours=int(hours) if hours.isdecimal() and len(hours) < 6 else -1)
    try:
        site = rotate_write_key(actor, site_id, overlap=overlap)
    except (InvalidInputError, ConflictError) as error:
        said = words.said_of(error)
        site = get_site(actor, site_id)
        return render_template("sites/rotate.html", site=site, overlaps=OVERLAPS, problem=said), error.status
    say(_("%(name)s has a new write key", name=site.name), _("Put it into the pages before the old one ends."))
    return redirect(url_for("sites.show_list"))


@pages.post("/<int:site_id>/retire")
def retire(site_id: int) -> ResponseReturnValue:
    """End the write key that was replaced."""
    site = retire_write_key(_admin(), site_id)
    say(_("The old write key of %(name)s no longer counts", name=site.name), _("Everywhere within a minute."))
    return redirect(url_for("sites.show_list"))
