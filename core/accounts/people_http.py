"""JSON endpoints of people: members, and invitations to become one."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from core.accounts import invitations, members
from core.accounts.permissions import ACCOUNT_TYPES, ROLES, SUBJECTS
from core.accounts.service import Actor
from core.idempotency import idempotent
from core.languages import DEFAULT, LANGUAGES
from core.validation import load
from core.web import PageArgs, json_body, json_response, require_actor

PERMISSION = "manage_users"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
MAX_EMAIL, MAX_ID = 320, 200

blp = Blueprint("api_people", __name__, url_prefix="/api/v1/people", description="Who works where, and as what")


class MemberListArgs(PageArgs):
    """Which members."""

    subject_kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(SUBJECTS))
    subject_id = fields.String(load_default="", validate=validate.Length(max=MAX_ID))


class MemberOut(ma.Schema):
    """One membership with its person."""

    id = fields.Integer(required=True)
    display_name = fields.String(required=True)
    email = fields.String(required=True)
    subject_kind = fields.String(required=True, validate=validate.OneOf(SUBJECTS))
    subject_id = fields.String(required=True, metadata={"description": "external id; empty for the marketplace"})
    account_type = fields.String(required=True)
    role = fields.String(required=True)
    verification = fields.String(required=True)
    tier = fields.String(required=True)
    two_step = fields.Boolean(required=True)
    disabled = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)


class MemberPageOut(ma.Schema):
    """A page of members."""

    items = fields.List(fields.Nested(MemberOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MemberPatchIn(ma.Schema):
    """What to change; what is left out stays."""

    role = fields.String(validate=validate.OneOf(ROLES))
    account_type = fields.String(validate=validate.OneOf(ACCOUNT_TYPES))


class InvitationIn(ma.Schema):
    """Whom to invite, and as what; without subject into the key's own organiser or marketplace."""

    email = fields.String(required=True, validate=validate.Length(3, MAX_EMAIL))
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    account_type = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(ACCOUNT_TYPES))
    subject_kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(SUBJECTS))
    subject_id = fields.String(load_default="", validate=validate.Length(max=MAX_ID))
    locale = fields.String(load_default=DEFAULT, validate=validate.OneOf(list(LANGUAGES)))


class InvitationOut(ma.Schema):
    """Somebody who was asked and has not answered; the link is in their mail only."""

    id = fields.Integer(required=True)
    email = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.String(required=True)
    account_type = fields.String(required=True)
    role = fields.String(required=True)
    sent = fields.Integer(required=True, metadata={"description": "how many mails carried a link"})
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)


class InvitationPageOut(ma.Schema):
    """A page of invitations."""

    items = fields.List(fields.Nested(InvitationOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def _body(schema: type[ma.Schema]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}, "required": True}


def _scope(actor: Actor, path: str) -> str:
    # Keys of two organisers must not meet in one record.
    return f"people{path}@{actor.label}"


def _member(view: members.MemberView) -> dict[str, Any]:
    wire: dict[str, Any] = MemberOut().dump(view)
    return wire


def _invitation(view: invitations.InvitationView) -> dict[str, Any]:
    wire: dict[str, Any] = InvitationOut().dump(view)
    return wire


@blp.get("")
@blp.doc(security=SECURITY)
@blp.arguments(MemberListArgs, location="query")
@blp.response(200, MemberPageOut)
def list_members(args: dict[str, Any]) -> Response:
    """List members, oldest first; an organiser's key sees those of its organiser."""
    page = members.list_members(require_actor(PERMISSION), **args)
    return json_response({"items": [_member(item) for item in page.items], "next_cursor": page.next_cursor})


@blp.get("/<int:member_id>")
@blp.doc(security=SECURITY)
@blp.response(200, MemberOut)
def show_member(member_id: int) -> Response:
    """Read one member."""
    return json_response(_member(members.get_member(require_actor(PERMISSION), member_id)))


@blp.route("/<int:member_id>", methods=["PATCH"])
@blp.doc(security=SECURITY, requestBody=_body(MemberPatchIn))
@blp.response(200, MemberOut)
def change_member(member_id: int) -> Response:
    """Change role or account type; it counts from the person's next request on. Keys make no administrators."""
    actor = require_actor(PERMISSION)

    def work() -> Response:
        return json_response(_member(members.change_member(actor, member_id, **load(MemberPatchIn(), json_body()))))

    return idempotent(actor.tenant_id, _scope(actor, f"/{member_id}"), request, work)


@blp.delete("/<int:member_id>")
@blp.doc(security=SECURITY)
@blp.response(204)
def remove_member(member_id: int) -> Response:
    """Take a membership away; sessions under it end at once, the person's account stays."""
    actor = require_actor(PERMISSION)

    def work() -> Response:
        members.remove_member(actor, member_id)
        return Response(status=204)

    return idempotent(actor.tenant_id, _scope(actor, f"/{member_id}/remove"), request, work)


@blp.get("/invitations")
@blp.doc(security=SECURITY)
@blp.arguments(PageArgs, location="query")
@blp.response(200, InvitationPageOut)
def list_invitations(args: dict[str, Any]) -> Response:
    """List invitations that wait for an answer, newest first."""
    page = invitations.list_invitations(require_actor(PERMISSION), **args)
    return json_response({"items": [_invitation(item) for item in page.items], "next_cursor": page.next_cursor})


@blp.post("/invitations")
@blp.doc(security=SECURITY, requestBody=_body(InvitationIn))
@blp.response(201, InvitationOut)
def invite() -> Response:
    """Ask somebody by mail to join; an earlier invitation of the same address stops working."""
    actor = require_actor(PERMISSION)

    def work() -> Response:
        return json_response(_invitation(invitations.invite(actor, **load(InvitationIn(), json_body()))), 201)

    return idempotent(actor.tenant_id, _scope(actor, "/invitations"), request, work)


@blp.post("/invitations/<int:invitation_id>/resend")
@blp.doc(security=SECURITY)
@blp.response(200, InvitationOut)
def resend_invitation(invitation_id: int) -> Response:
    """Send a fresh link; the one before stops working."""
    actor = require_actor(PERMISSION)

    def work() -> Response:
        return json_response(_invitation(invitations.resend_invitation(actor, invitation_id)))

    return idempotent(actor.tenant_id, _scope(actor, f"/invitations/{invitation_id}/resend"), request, work)


@blp.delete("/invitations/<int:invitation_id>")
@blp.doc(security=SECURITY)
@blp.response(204)
def withdraw_invitation(invitation_id: int) -> Response:
    """Make an invitation's link useless."""
    actor = require_actor(PERMISSION)

    def work() -> Response:
        invitations.withdraw_invitation(actor, invitation_id)
        return Response(status=204)

    return idempotent(actor.tenant_id, _scope(actor, f"/invitations/{invitation_id}"), request, work)
