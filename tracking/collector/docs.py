"""OpenAPI descriptions of the collector; the real checks are the event registry's."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields


class EventProblem(ma.Schema):
    """One broken rule of an event."""

    pointer = fields.String(required=True)
    rule = fields.String(required=True)
    message = fields.String(required=True)
    found = fields.String(required=True)


class RejectedOut(ma.Schema):
    """A rejected event."""

    index = fields.Integer(required=True)
    event_id = fields.String(required=True, allow_none=True)
    code = fields.String(required=True)
    errors = fields.List(fields.Nested(EventProblem), required=True)


class CollectAnswer(ma.Schema):
    """What became of the events; the four counts sum to what was sent."""

    accepted = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    blocked_by_consent = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    errors = fields.List(fields.Nested(RejectedOut), required=True)


class BatchIn(ma.Schema):
    """A batch of events."""

    sent_at = fields.AwareDateTime(metadata={"description": "the sender's clock when sending; corrects its skew"})
    sdk = fields.Dict()
    events = fields.List(fields.Dict(), required=True, validate=ma.validate.Length(max=100))


SINGLE_BODY: dict[str, Any] = {
    "content": {"application/json": {"schema": {"type": "object", "description": "an event; see the event reference"}}}
}
BATCH_BODY: dict[str, Any] = {"content": {"application/json": {"schema": BatchIn}}}
COLLECT_ANSWER: dict[str, Any] = {
    "202": {"description": "Durably taken", "content": {"application/json": {"schema": CollectAnswer}}}
}
