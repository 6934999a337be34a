"""Wire forms of tracking codes."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.codes.views import CodeView, ProbeResult
from core.web import PageArgs

READ_ONLY = frozenset(
    {
        "id",
        "public_id",
        "organizer_name",
        "live_event_title",
        "server",
        "last_browser_hit_at",
        "created_at",
        "updated_at",
    }
)
SETTINGS = "the platform's settings (secrets write-only), plus conversion_events, consent_purpose, custom_params"


class CodeIn(ma.Schema):
    """What a client states of a code. ``version`` (or `If-Match`) refuses to overwrite somebody else's change."""

    provider = fields.String(validate=validate.Length(1, 64))
    level = fields.String(allow_none=True, validate=validate.OneOf(["marketplace", "organizer", "live_event"]))
    organizer_id = fields.String(allow_none=True, validate=validate.Length(1, 128))
    live_event_id = fields.String(allow_none=True, validate=validate.Length(1, 128))
    enabled = fields.Boolean(truthy={True}, falsy={False})
    settings = fields.Dict(keys=fields.String(), metadata={"description": SETTINGS})
    version = fields.Integer(strict=True)

    @ma.pre_load
    def _without_read_only(self, data: Any, **_: Any) -> Any:
        # What GET answered may be sent back by PUT as it is.
        return (
            {name: value for name, value in data.items() if name not in READ_ONLY} if isinstance(data, dict) else data
        )


class NewCodeIn(CodeIn):
    """A new code."""

    provider = fields.String(required=True, validate=validate.Length(1, 64))
    settings = fields.Dict(keys=fields.String(), required=True, metadata={"description": SETTINGS})


class ServerOut(ma.Schema):
    """State of the connection that sends from the server."""

    state = fields.String(required=True, validate=validate.OneOf(["active", "needs_reconnect", "paused"]))
    reason = fields.String(allow_none=True)
    secret_set_at = fields.AwareDateTime(required=True)


class CodeOut(ma.Schema):
    """A tracking code; ``server`` is null for a code that works in browsers only."""

    id = fields.String(required=True)
    provider = fields.String(required=True)
    public_id = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    level = fields.String(required=True)
    organizer_id = fields.String(allow_none=True)
    organizer_name = fields.String(allow_none=True)
    live_event_id = fields.String(allow_none=True)
    live_event_title = fields.String(allow_none=True)
    settings = fields.Dict(keys=fields.String(), required=True)
    server = fields.Nested(ServerOut, allow_none=True)
    last_browser_hit_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True)


class CodePageOut(ma.Schema):
    """One page of codes."""

    items = fields.List(fields.Nested(CodeOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class CodeListArgs(PageArgs):
    """Filters; ``event`` is the external id of a live event with codes of its own."""

    provider = fields.String(load_default=None)
    event = fields.String(load_default=None)
    enabled = fields.Boolean(load_default=None)


class CodeTestIn(ma.Schema):
    """``test_event_code``: the platform's code that marks test events; default: the one among the settings."""

    test_event_code = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 64))


class CodeTestOut(ma.Schema):
    """The platform's answer in plain words; ``kind`` is `test_event`, `health` or `none`."""

    ok = fields.Boolean(required=True)
    kind = fields.String(required=True)
    summary = fields.String(required=True)
    remedy = fields.String(required=True)
    platform_code = fields.String(required=True)
    reference = fields.String(required=True)


def code_wire(code: CodeView) -> dict[str, Any]:
    """Return the wire form of a code."""
    server = None
    if code.has_server:
        server = {
            "state": code.connection_state,
            "reason": code.connection_reason,
            "secret_set_at": code.secret_set_at,
        }
    return {
        "id": str(code.id),
        "provider": code.provider,
        "public_id": code.public_id,
        "enabled": code.enabled,
        "level": code.level,
        "organizer_id": code.organizer_external_id,
        "organizer_name": code.organizer_name,
        "live_event_id": code.live_event_external_id,
        "live_event_title": code.live_event_title,
        "settings": {
            **code.settings,
            "conversion_events": list(code.conversion_events),
            "consent_purpose": code.purpose,
            "custom_params": code.custom_params,
        },
        "server": server,
        "last_browser_hit_at": code.last_browser_hit_at,
        "created_at": code.created_at,
        "updated_at": code.updated_at,
        "version": code.version,
    }


def probe_wire(result: ProbeResult) -> dict[str, Any]:
    """Return the wire form of a test's result."""
    return {
        "ok": result.ok,
        "kind": result.kind,
        "summary": result.summary,
        "remedy": result.remedy,
        "platform_code": result.platform_code,
        "reference": result.reference,
    }
