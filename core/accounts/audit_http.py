"""JSON endpoints of the audit log."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response
from flask_smorest import Blueprint
from marshmallow import fields, validate

from core.accounts.audit_anchors import anchor_page
from core.accounts.audit_export import AUDIT_FORMATS
from core.accounts.audit_reading import VIEW, AuditFilter, AuditLine, list_audit, require_auditor, stream_audit
from core.web import PageArgs, json_response, require_actor

blp = Blueprint("api_audit", __name__, url_prefix="/api/v1/audit", description="Who changed what, and when")
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
LABEL = validate.Length(max=200)


class AuditArgs(ma.Schema):
    """Which entries; nothing means all."""

    class Meta:
        """The list's own parameters come with them."""

        unknown = ma.EXCLUDE

    actor = fields.String(load_default=None, validate=LABEL, metadata={"example": "user:12"})
    action = fields.String(load_default=None, validate=LABEL, metadata={"example": "key.created"})
    subject = fields.String(load_default=None, validate=LABEL, metadata={"example": "key:3"})
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None, metadata={"description": "entries before this moment"})


class AuditListArgs(PageArgs, AuditArgs):  # type: ignore[misc]
    """Which entries, and where the page starts."""


class ExportArgs(AuditArgs):
    """Which entries, and as what."""

    format = fields.String(load_default="ndjson", validate=validate.OneOf(list(AUDIT_FORMATS)))


class AuditEntryOut(ma.Schema):
    """One entry of the log."""

    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    actor_name = fields.String(required=True, allow_none=True)
    action = fields.String(required=True)
    subject = fields.String(required=True)
    subject_name = fields.String(required=True, allow_none=True)
    detail = fields.Dict(required=True)
    hash = fields.String(required=True, metadata={"description": "SHA-256 over the entry and the hash before, in hex"})


class AuditPageOut(ma.Schema):
    """A page of entries."""

    items = fields.List(fields.Nested(AuditEntryOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class AnchorOut(ma.Schema):
    """How the log ended at a moment, sealed."""

    tenant_id = fields.Integer(required=True)
    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    entry_id = fields.Integer(required=True)
    entries = fields.Integer(required=True)
    hash = fields.String(required=True)
    seal = fields.String(required=True)


class AnchorPageOut(ma.Schema):
    """A page of anchors."""

    items = fields.List(fields.Nested(AnchorOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


@blp.get("")
@blp.doc(security=SECURITY)
@blp.arguments(AuditListArgs, location="query")
@blp.response(200, AuditPageOut)
def list_entries(args: dict[str, Any]) -> Response:
    """The marketplace's audit log, newest first."""
    limit, cursor = args.pop("limit"), args.pop("cursor")
    page = list_audit(require_actor(VIEW), AuditFilter(**args), limit=limit, cursor=cursor)
    return json_response({"items": [_wire(line) for line in page.items], "next_cursor": page.next_cursor})


@blp.get("/export")
@blp.doc(
    security=SECURITY,
    responses={
        "200": {
            "description": "Every entry, streamed",
            "content": {kind: {"schema": {"type": "string"}} for kind, _ in AUDIT_FORMATS.values()},
        }
    },
)
@blp.arguments(ExportArgs, location="query")
def export_entries(args: dict[str, Any]) -> Response:
    """Everything at once, as NDJSON or CSV, newest first."""
    kind = args.pop("format")
    media_type, write = AUDIT_FORMATS[kind]
    lines = stream_audit(require_actor(VIEW), AuditFilter(**args))
    response = Response(write(lines), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-log.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blp.get("/anchors")
@blp.doc(security=SECURITY)
@blp.arguments(PageArgs, location="query")
@blp.response(200, AnchorPageOut)
def list_anchors(args: dict[str, Any]) -> Response:
    """The anchors of the log, newest first. Keep them elsewhere: with them a shortened log is found out."""
    actor = require_actor(VIEW)
    require_auditor(actor)
    page = anchor_page(actor.tenant_id, **args)
    return json_response({"items": [item.as_dict() for item in page.items], "next_cursor": page.next_cursor})


def _wire(line: AuditLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in line.__slots__ if name != "hash"} | {"hash": line.hash.hex()}
