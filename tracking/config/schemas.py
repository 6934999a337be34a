"""Wire forms of the tracking-config endpoints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.codes.api import MAX_CART, Explanation


class CartIn(ma.Schema):
    """A cart: external ids of its live events."""

    live_event_ids = fields.List(
        fields.String(validate=validate.Length(1, 128)), required=True, validate=validate.Length(max=MAX_CART)
    )


class CodeEntry(ma.Schema):
    """One code that belongs on the page; it fires only ``events``, only after all ``purposes`` were granted."""

    provider = fields.String(required=True)
    public_id = fields.String(required=True)
    level = fields.String(required=True, validate=validate.OneOf(["marketplace", "organizer", "live_event"]))
    organizer_id = fields.String(required=True, allow_none=True)
    live_events = fields.List(
        fields.String(), metadata={"description": "in a cart: whose items it may see; else all of its organiser's"}
    )
    purposes = fields.List(fields.String(), required=True)
    events = fields.Dict(keys=fields.String(), required=True, metadata={"example": {"order_completed": {"name": "…"}}})
    settings = fields.Dict(keys=fields.String(), required=True)
    script = fields.URL(required=True)
    adapter = fields.String(required=True)


class TrackingConfig(ma.Schema):
    """What a page needs to track; no secret, no person."""

    version = fields.String(required=True)
    stale = fields.Boolean(required=True, metadata={"description": "made before the database went away"})
    namespace = fields.UUID(required=True)
    sdk = fields.Dict(keys=fields.String(), required=True)
    consent = fields.Dict(keys=fields.String(), required=True)
    live_events = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    codes = fields.List(fields.Nested(CodeEntry), required=True)
    explanation = fields.List(fields.Dict(), metadata={"description": "with explain=1 and a bearer key only"})


def explanation_wire(items: list[Explanation]) -> list[dict[str, Any]]:
    """Return the wire form of an explanation; ids are text."""
    return [_texts(asdict(item)) for item in items]


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: str(item) if name == "code_id" and item is not None else _texts(item) for name, item in value.items()
        }
    return [_texts(item) for item in value] if isinstance(value, (list, tuple)) else value
