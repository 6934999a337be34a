"""Wire forms of what people decide about visitors."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from core.events.identity_decisions import STATES


class DecisionIn(ma.Schema):
    """What is said of a visitor and this person."""

    visitor_id = fields.String(
        required=True,
        validate=validate.Length(min=1, max=64),
        metadata={"description": "as the page's SDK calls the browser"},
    )
    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES),
        metadata={"description": "linked: is this person; not_linked: never was; as_told: leave it to events again"},
    )
    since = fields.AwareDateTime(
        load_default=None, metadata={"description": "from when on they are linked; from now on, when left out"}
    )


class DecisionOut(ma.Schema):
    """A decision that stands."""

    visitor_id = fields.String(required=True)
    name = fields.String(required=True, metadata={"description": "external id it was said of"})
    kind = fields.String(required=True, validate=validate.OneOf(["link", "unlink"]))
    since = fields.AwareDateTime(required=True, allow_none=True)
    decided_by = fields.String(required=True)
    decided_at = fields.AwareDateTime(required=True)


class DecisionPageOut(ma.Schema):
    """A page of decisions, newest first."""

    items = fields.List(fields.Nested(DecisionOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
