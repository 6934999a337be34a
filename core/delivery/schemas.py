"""Wire forms of deliveries."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.delivery.verdicts import STATES
from core.web import PageArgs


class LogArgs(PageArgs):
    """Filters of the delivery log."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    provider = fields.String(load_default=None, validate=validate.Length(max=64))
    live_event_id = fields.String(load_default=None, validate=validate.Length(max=128))
    order = fields.String(load_default=None, validate=validate.Length(max=128))


class LedgerArgs(ma.Schema):
    """What the ledger is drawn up for; without any filter, for everything."""

    since = fields.AwareDateTime(load_default=None, metadata={"description": "events received since, RFC 3339"})
    order = fields.String(load_default=None, validate=validate.Length(max=128))


class DeliveryOut(ma.Schema):
    """One destination of one event."""

    id = fields.String(required=True)
    event_id = fields.UUID(required=True)
    event_name = fields.String(required=True)
    canonical = fields.String(required=True)
    platform_event_id = fields.String(required=True, metadata={"description": "shared with the browser pixel"})
    provider = fields.String(required=True)
    public_id = fields.String(required=True)
    code_id = fields.String(required=True)
    connection_id = fields.String(required=True)
    connection_state = fields.String(required=True, allow_none=True)
    organizer_name = fields.String(required=True, allow_none=True, metadata={"description": "null: the marketplace"})
    live_event_id = fields.String(required=True, allow_none=True)
    live_event_title = fields.String(required=True, allow_none=True)
    order_id = fields.String(required=True, allow_none=True)
    value = fields.Decimal(required=True, allow_none=True, as_string=True)
    currency = fields.String(required=True, allow_none=True)
    is_test = fields.Boolean(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    reason = fields.String(required=True, allow_none=True, metadata={"description": "stable code"})
    detail = fields.String(required=True, allow_none=True)
    platform_code = fields.String(required=True, allow_none=True)
    platform_ref = fields.String(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    occurred_at = fields.AwareDateTime(required=True)
    received_at = fields.AwareDateTime(required=True)
    next_attempt_at = fields.AwareDateTime(required=True, allow_none=True)
    settled_at = fields.AwareDateTime(required=True, allow_none=True)


class DeliveryPageOut(ma.Schema):
    """One page of the log."""

    items = fields.List(fields.Nested(DeliveryOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class AttemptOut(ma.Schema):
    """One try."""

    at = fields.AwareDateTime(required=True)
    duration_ms = fields.Integer(required=True)
    outcome = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    sent = fields.Dict(required=True, allow_none=True, metadata={"description": "identifiers masked"})


class ExplanationOut(ma.Schema):
    """What happened and what to do."""

    happened = fields.String(required=True)
    remedy = fields.String(required=True)
    by = fields.String(required=True, validate=validate.OneOf(["platform", "adrail"]))


class DeliveryDetailOut(ma.Schema):
    """A delivery with everything about it."""

    delivery = fields.Nested(DeliveryOut, required=True)
    attempts: Any = fields.List(fields.Nested(AttemptOut), required=True)
    sent = fields.Dict(required=True, allow_none=True)
    items = fields.List(fields.Dict(), required=True)
    explanation = fields.Nested(ExplanationOut, required=True, allow_none=True)
    purpose = fields.String(required=True)
    consent = fields.Dict(required=True, metadata={"description": "the snapshot that came with the event"})
    consent_receipt = fields.Dict(required=True, allow_none=True, metadata={"description": "what was checked last"})
    can_replay = fields.Boolean(required=True)


class LedgerOut(ma.Schema):
    """`accepted + ignored + pending + dead == expected`."""

    expected = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    ignored = fields.Integer(required=True)
    pending = fields.Integer(required=True)
    dead = fields.Integer(required=True)
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class ReplayOut(ma.Schema):
    """How many dead deliveries wait again; 0 when it was not dead."""

    replayed = fields.Integer(required=True)
