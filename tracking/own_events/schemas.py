"""Wire forms of events that marketplaces define themselves."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from tracking.own_events.service import SCOPES, SOURCES
from tracking.registry.own_fields import TYPES


class FieldIn(ma.Schema):
    """One field of the payload."""

    name = ma.fields.String(required=True, metadata={"example": "seat_row"})
    type = ma.fields.String(required=True, metadata={"enum": list(TYPES)})
    required = ma.fields.Boolean()
    description = ma.fields.String()
    choices = ma.fields.List(ma.fields.String(), metadata={"description": "for the type choice"})
    max_length = ma.fields.Integer(metadata={"description": "for the type text; 200 unless told"})
    personal = ma.fields.Boolean(metadata={"description": "says something about a person; is hidden where people look"})


class DefinitionIn(ma.Schema):
    """An event to define."""

    name = ma.fields.String(required=True, metadata={"example": "custom.seat_map_opened"})
    description = ma.fields.String(required=True)
    sources = ma.fields.List(ma.fields.String(metadata={"enum": list(SOURCES)}), load_default=lambda: ["web", "mobile"])
    scope = ma.fields.String(load_default="analytics", metadata={"enum": list(SCOPES)})
    fields = ma.fields.List(ma.fields.Nested(FieldIn), required=True)  # type: ignore[assignment]
    example = ma.fields.Dict(
        load_default=None, allow_none=True, metadata={"description": "a payload; one is made without"}
    )


class VersionIn(ma.Schema):
    """A further version: all fields of the one before, and optional ones."""

    fields = ma.fields.List(ma.fields.Nested(FieldIn), required=True)  # type: ignore[assignment]
    description = ma.fields.String(load_default=None, allow_none=True)
    example = ma.fields.Dict(load_default=None, allow_none=True)


class OwnEventOut(ma.Schema):
    """One version of an event."""

    name = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    description = ma.fields.String(required=True)
    sources = ma.fields.List(ma.fields.String(), required=True)
    scope = ma.fields.String(required=True, validate=validate.OneOf(SCOPES))
    fields = ma.fields.List(ma.fields.Nested(FieldIn), required=True)  # type: ignore[assignment]
    example = ma.fields.Dict(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    retired_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class OwnEventPageOut(ma.Schema):
    """A page of events, each with its newest version."""

    items = ma.fields.List(ma.fields.Nested(OwnEventOut), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class OwnEventDetailOut(ma.Schema):
    """Every version of an event, and the JSON Schema that the newest one is checked by."""

    name = ma.fields.String(required=True)
    versions = ma.fields.List(ma.fields.Nested(OwnEventOut), required=True)
    schema = ma.fields.Dict(required=True)
