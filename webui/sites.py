"""Sites and keys: where pages may report from, and what backends and organisers sign their requests with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from core.accounts.api import (
    Actor,
    SiteView,
    create_site,
    get_key,
    get_site,
    issue_key,
    list_keys,
    list_sites,
    organizers,
    revoke_key,
    update_site,
)
from core.config import settings
from core.errors import ConflictError, InvalidInputError
from webui import session
from webui.blueprint import page_blueprint
from webui.messages import say

pages = page_blueprint("sites", __name__, url_prefix="/sites")


def _admin() -> Actor:
    return session.actor("admin")


@pages.get("/")
def show_list() -> str:
    """Every site with its write key, and every bearer key."""
    actor = _admin()
    return render_template("sites/list.html", sites=list_sites(actor), keys=list_keys(actor))


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
        return _form(None, _by_field(error)), 422
    say(f"{made.name} is added", "Put its write key into the pages.")
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
        made = update_site(actor, site_id, **_values())
    except InvalidInputError as error:
        return _form(get_site(actor, site_id), _by_field(error)), 422
    say(f"{made.name} is saved", "Other origins count within a minute.")
    return redirect(url_for("sites.show_list"))


def _values() -> dict[str, Any]:
    return {"name": request.form.get("name", ""), "origins": request.form.get("origins", "").split()}


def _form(site: SiteView | None, problems: Mapping[str, str]) -> str:
    typed = request.form if request.method == "POST" else None
    values = {
        "site_id": typed.get("site_id", "") if typed else "",
        "name": typed.get("name", "") if typed else (site.name if site else ""),
        "origins": typed.get("origins", "") if typed else "\n".join(site.allowed_origins if site else ()),
    }
    return render_template("sites/form.html", site=site, values=values, problems=problems)


def _by_field(error: InvalidInputError | ConflictError) -> dict[str, str]:
    return {item.pointer.strip("/"): f"{item.message[:1].upper()}{item.message[1:]}." for item in error.errors}


@pages.get("/keys/new")
def show_new_key() -> str:
    """A form for a key."""
    return _key_form({})


@pages.post("/keys/new")
def add_key() -> ResponseReturnValue:
    """Make a key and show it, this once."""
    actor = _admin()
    owner = request.form.get("owner", "")
    kind = "organizer" if owner else "server"
    name = request.form.get("name", "").strip()
    try:
        key = issue_key(actor, kind=kind, name=name, organizer=owner or None)
    except InvalidInputError as error:
        return _key_form(_by_field(error)), 422
    return render_template("sites/new_key.html", key=key, kind=kind, name=name, base_url=settings().base_url)


def _key_form(problems: Mapping[str, str]) -> str:
    return render_template(
        "sites/key_form.html", organizers=organizers(_admin().tenant_id), problems=problems, values=request.form
    )


@pages.get("/keys/<int:key_id>/revoke")
def show_revoke(key_id: int) -> str:
    """Ask before a key stops working."""
    return render_template("sites/revoke.html", key=get_key(_admin(), key_id))


@pages.post("/keys/<int:key_id>/revoke")
def revoke(key_id: int) -> ResponseReturnValue:
    """Make a key useless."""
    actor = _admin()
    key = get_key(actor, key_id)
    revoke_key(actor, key_id)
    say(f"{key.name} no longer works", "Requests that still use it are refused.")
    return redirect(url_for("sites.show_list"))
