"""JSON endpoints of keys and of sites' write keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint

from core.accounts import keys
from core.accounts.key_issuing import KeyWish, issue_key, rotate_key
from core.accounts.key_kinds import MANAGE
from core.accounts.key_schemas import (
    KeyIn,
    KeyListArgs,
    KeyOut,
    KeyPageOut,
    NewKeyOut,
    OverlapIn,
    RotateIn,
    SiteOut,
    SitePageOut,
    key_wire,
    new_key_wire,
    site_wire,
)
from core.accounts.service import Actor
from core.accounts.sites import retire_write_key, rotate_write_key, site_page
from core.idempotency import idempotent
from core.validation import load
from core.web import PageArgs, json_body, json_response, require_actor

blp = Blueprint("api_keys", __name__, url_prefix="/api/v1/keys", description="Keys of backends, organisers, scanners")
sites = Blueprint("api_sites", __name__, url_prefix="/api/v1/sites", description="Websites and their write keys")
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


def _body(schema: type[ma.Schema], *, required: bool = True) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}, "required": required}


def _scope(actor: Actor, path: str) -> str:
    # Answers may hold a secret: they are for the very key that asked.
    return f"keys{path}@{actor.label}"


@blp.get("")
@blp.doc(security=SECURITY)
@blp.arguments(KeyListArgs, location="query")
@blp.response(200, KeyPageOut)
def list_keys(args: dict[str, Any]) -> Response:
    """List keys, newest first; an organiser's key sees those of its organiser."""
    page = keys.list_keys(require_actor(MANAGE), **args)
    return json_response({"items": [key_wire(item) for item in page.items], "next_cursor": page.next_cursor})


@blp.post("")
@blp.doc(security=SECURITY, requestBody=_body(KeyIn))
@blp.response(201, NewKeyOut)
def make_key() -> Response:
    """Make a key; it is told in this answer only. Its scopes can be at most those of the key that asks."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        return json_response(new_key_wire(issue_key(actor, KeyWish(**load(KeyIn(), json_body())))), 201)

    return idempotent(actor.tenant_id, _scope(actor, ""), request, work, secret=True)


@blp.get("/<int:key_id>")
@blp.doc(security=SECURITY)
@blp.response(200, KeyOut)
def show_key(key_id: int) -> Response:
    """Read a key: what it may do, when it ends, when it was last used."""
    return json_response(key_wire(keys.get_key(require_actor(MANAGE), key_id)))


@blp.post("/<int:key_id>/rotate")
@blp.doc(security=SECURITY, requestBody=_body(RotateIn, required=False))
@blp.response(201, NewKeyOut)
def replace_key(key_id: int) -> Response:
    """Make a key like this one, which goes on working for some hours."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        body = load(RotateIn(), json_body() if request.get_data() else {})
        overlap = timedelta(hours=body["overlap_hours"])
        return json_response(
            new_key_wire(rotate_key(actor, key_id, overlap=overlap, expires_at=body["expires_at"])), 201
        )

    return idempotent(actor.tenant_id, _scope(actor, f"/{key_id}/rotate"), request, work, secret=True)


@blp.post("/<int:key_id>/revoke")
@blp.doc(security=SECURITY)
@blp.response(200, KeyOut)
def revoke_key(key_id: int) -> Response:
    """Make a key useless at once."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        return json_response(key_wire(keys.revoke_key(actor, key_id)))

    return idempotent(actor.tenant_id, _scope(actor, f"/{key_id}/revoke"), request, work)


@sites.get("")
@sites.doc(security=SECURITY)
@sites.arguments(PageArgs, location="query")
@sites.response(200, SitePageOut)
def list_sites(args: dict[str, Any]) -> Response:
    """List the marketplace's websites, oldest first, with their write keys."""
    page = site_page(require_actor(MANAGE), **args)
    return json_response({"items": [site_wire(item) for item in page.items], "next_cursor": page.next_cursor})


@sites.post("/<int:site_id>/write-key/rotate")
@sites.doc(security=SECURITY, requestBody=_body(OverlapIn, required=False))
@sites.response(200, SiteOut)
def replace_write_key(site_id: int) -> Response:
    """Give a site a new write key; the one before counts for some hours more."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        body = load(OverlapIn(), json_body() if request.get_data() else {})
        overlap = timedelta(hours=body["overlap_hours"])
        return json_response(site_wire(rotate_write_key(actor, site_id, overlap=overlap)))

    return idempotent(actor.tenant_id, _scope(actor, f"/sites/{site_id}/rotate"), request, work)


@sites.post("/<int:site_id>/write-key/retire")
@sites.doc(security=SECURITY)
@sites.response(200, SiteOut)
def end_previous_write_key(site_id: int) -> Response:
    """End the write key that was replaced, before its time."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        return json_response(site_wire(retire_write_key(actor, site_id)))

    return idempotent(actor.tenant_id, _scope(actor, f"/sites/{site_id}/retire"), request, work)
