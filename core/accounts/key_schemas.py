"""Wire forms of keys and sites."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.accounts.key_issuing import NewKey
from core.accounts.key_kinds import DEFAULT_OVERLAP, KEY_SCOPES, MAX_OVERLAP
from core.accounts.keys import KeyView
from core.accounts.sites import SiteView
from core.web import PageArgs

TEXT = validate.Length(max=200)
HOURS = int(MAX_OVERLAP.total_seconds() // 3600)


class KeyListArgs(PageArgs):
    """Which keys."""

    kind = fields.String(load_default=None, validate=validate.OneOf(list(KEY_SCOPES)))


class KeyIn(ma.Schema):
    """A key to be made; without ``scopes`` it gets the usual ones of its kind."""

    kind = fields.String(required=True, validate=validate.OneOf(list(KEY_SCOPES)))
    name = fields.String(required=True, validate=validate.Length(1, 80))
    organizer = fields.String(
        load_default=None,
        allow_none=True,
        validate=TEXT,
        metadata={"description": "external id; needed for a marketplace's `organizer` key"},
    )
    scopes = fields.List(
        fields.String(validate=validate.OneOf(sorted({scope for scopes in KEY_SCOPES.values() for scope in scopes}))),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 40),
    )
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True, metadata={"description": "null: never"})
    live_event = fields.String(
        load_default=None, allow_none=True, validate=TEXT, metadata={"description": "external id; scanner keys only"}
    )
    gate = fields.String(load_default=None, allow_none=True, validate=TEXT)
    device = fields.String(load_default=None, allow_none=True, validate=TEXT)


class OverlapIn(ma.Schema):
    """How long the old key goes on working."""

    overlap_hours = fields.Integer(
        strict=True,
        load_default=int(DEFAULT_OVERLAP.total_seconds() // 3600),
        validate=validate.Range(0, HOURS),
    )


class RotateIn(OverlapIn):
    """How long the old key goes on working, and when the new one ends."""

    expires_at = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": "null: the new key lives as long as the old one was made to live"},
    )


class KeyOut(ma.Schema):
    """A key without itself: only its hash is kept."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    prefix = fields.String(required=True, metadata={"description": "how the key begins"})
    organizer = fields.String(required=True, allow_none=True)
    scopes = fields.List(fields.String(), required=True)
    live_event = fields.String(required=True, allow_none=True)
    gate = fields.String(required=True, allow_none=True)
    device = fields.String(required=True, allow_none=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(["active", "ending", "expired", "revoked"]),
        metadata={"description": "`ending`: replaced, and still working until `expires_at`"},
    )
    replaced_by = fields.Integer(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)


class NewKeyOut(KeyOut):
    """A key that was just made."""

    key = fields.String(required=True, metadata={"description": "the key itself, told this once"})


class KeyPageOut(ma.Schema):
    """A page of keys."""

    items = fields.List(fields.Nested(KeyOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class SiteOut(ma.Schema):
    """A site with its public write key."""

    id = fields.Integer(required=True)
    site_id = fields.String(required=True)
    name = fields.String(required=True)
    allowed_origins = fields.List(fields.String(), required=True)
    write_key = fields.String(required=True)
    write_key_used_at = fields.AwareDateTime(required=True, allow_none=True)
    previous_write_key = fields.String(required=True, allow_none=True)
    previous_write_key_until = fields.AwareDateTime(required=True, allow_none=True)
    previous_write_key_used_at = fields.AwareDateTime(required=True, allow_none=True)
    dnt_policy = fields.String(required=True)
    visitor_cookie = fields.Boolean(required=True)
    cookie_domain = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class SitePageOut(ma.Schema):
    """A page of sites."""

    items = fields.List(fields.Nested(SiteOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def key_wire(view: KeyView) -> dict[str, Any]:
    """The wire form of a key."""
    bound = view.scanner
    return {
        "id": view.id,
        "kind": view.kind,
        "name": view.name,
        "prefix": view.prefix,
        "organizer": view.organizer,
        "scopes": list(view.scopes),
        "live_event": bound.live_event if bound else None,
        "gate": bound.gate if bound else None,
        "device": bound.device if bound else None,
        "state": view.state,
        "replaced_by": view.replaced_by,
        "created_at": view.created_at,
        "last_used_at": view.last_used_at,
        "expires_at": view.expires_at,
        "revoked_at": view.revoked_at,
    }


def new_key_wire(made: NewKey) -> dict[str, Any]:
    """The wire form of a new key, with the key itself."""
    return {"key": made.key, **key_wire(made.view)}


def site_wire(view: SiteView) -> dict[str, Any]:
    """The wire form of a site."""
    return {
        "id": view.id,
        "site_id": view.site_id,
        "name": view.name,
        "allowed_origins": list(view.allowed_origins),
        "write_key": view.write_key,
        "write_key_used_at": view.write_key_used_at,
        "previous_write_key": view.previous_write_key,
        "previous_write_key_until": view.previous_write_key_until,
        "previous_write_key_used_at": view.previous_write_key_used_at,
        "dnt_policy": view.dnt_policy,
        "visitor_cookie": view.visitor_cookie,
        "cookie_domain": view.cookie_domain,
        "created_at": view.created_at,
    }
