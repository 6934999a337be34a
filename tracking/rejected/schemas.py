"""Wire forms of refused events."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from core.events.api import OPEN, REJECT_STATES
from core.web import PageArgs
from tracking.rejected.repairs import KINDS, MAX_REPAIRS, OPERATIONS

STATE = validate.OneOf(REJECT_STATES)
GROUP = validate.Length(max=64)
MOST_IDS = 500


class GroupArgs(PageArgs):
    """Which groups."""

    state = fields.String(load_default=OPEN, validate=STATE)
    event_name = fields.String(load_default=None, validate=validate.Length(max=100))
    code = fields.String(load_default=None, validate=validate.Length(max=40), metadata={"example": "schema"})
    site_id = fields.String(load_default=None, validate=validate.Length(max=64))


class ListArgs(PageArgs):
    """Which refused events."""

    state = fields.String(load_default=OPEN, validate=STATE)
    group = fields.String(load_default=None, validate=GROUP)


class StoredProblemOut(ma.Schema):
    """What was wrong when the event came; what was found is not kept outside of the encrypted event."""

    pointer = fields.String(required=True)
    rule = fields.String(required=True)
    message = fields.String(required=True)


class RepairOut(ma.Schema):
    """A repair that would mend this problem."""

    op = fields.String(required=True, attribute="operation", validate=validate.OneOf(OPERATIONS))
    path = fields.String(required=True)
    value = fields.Raw(required=True, allow_none=True)


class CurrentProblemOut(StoredProblemOut):
    """What is wrong by today's rules, with what was found there and what to do."""

    found = fields.String(required=True, allow_none=True, metadata={"description": "masked; null: nothing is there"})
    remedy = fields.String(required=True)
    repairs = fields.List(fields.Nested(RepairOut), required=True)


class DayOut(ma.Schema):
    """Refused events of one local day."""

    day = fields.Date(required=True)
    events = fields.Integer(required=True)


class GroupOut(ma.Schema):
    """Events refused for the same reasons at the same places."""

    key = fields.String(required=True)
    code = fields.String(required=True)
    event_name = fields.String(required=True, allow_none=True)
    problems = fields.List(fields.Nested(StoredProblemOut), required=True)
    events = fields.Integer(required=True)
    first_at = fields.AwareDateTime(required=True)
    last_at = fields.AwareDateTime(required=True)
    newest_id = fields.Integer(required=True)
    sites = fields.List(fields.String(), required=True)
    days = fields.List(fields.Nested(DayOut), required=True)


class GroupPageOut(ma.Schema):
    """A page of groups, those with the newest event first."""

    items = fields.List(fields.Nested(GroupOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RejectOut(ma.Schema):
    """One refused event without its contents."""

    id = fields.Integer(required=True)
    group = fields.String(required=True, attribute="group_key")
    site_id = fields.String(required=True, allow_none=True, metadata={"description": "null: not sent by a page"})
    event_name = fields.String(required=True, allow_none=True)
    code = fields.String(required=True)
    problems = fields.List(fields.Nested(StoredProblemOut), required=True)
    received_at = fields.AwareDateTime(required=True)
    trusted = fields.Boolean(required=True, metadata={"description": "sent with a server key"})
    state = fields.String(required=True, validate=STATE)
    settled_at = fields.AwareDateTime(required=True, allow_none=True)
    settled_by = fields.String(required=True, allow_none=True)


class RejectPageOut(ma.Schema):
    """A page of refused events, newest first."""

    items = fields.List(fields.Nested(RejectOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class RejectDetailOut(ma.Schema):
    """One refused event. Without problems it would be taken now."""

    rejected = fields.Nested(RejectOut, required=True, attribute="row")
    event = fields.Raw(
        required=True, allow_none=True, metadata={"description": "personal data hidden; null: it cannot be opened"}
    )
    problems = fields.List(fields.Nested(CurrentProblemOut), required=True)
    example = fields.Dict(required=True, allow_none=True, metadata={"description": "a payload that fits"})


class RepairIn(ma.Schema):
    """One repair; `*` in a path stands for every entry of a list."""

    op = fields.String(required=True, validate=validate.OneOf(OPERATIONS))
    path = fields.String(required=True, metadata={"example": "/payload/price"})
    value = fields.Raw(
        allow_none=True,
        metadata={"description": f"what to set, where to move to, or what to convert to: {', '.join(KINDS)}"},
    )


class ReplayOneIn(ma.Schema):
    """An event as it should be. What is hidden in it (`[hidden 1]`) is put back."""

    event = fields.Dict(load_default=None, allow_none=True)
    repairs = fields.List(fields.Nested(RepairIn), load_default=list, validate=validate.Length(max=MAX_REPAIRS))


class ChosenIn(ma.Schema):
    """Which events: a whole group, or some by their numbers."""

    group = fields.String(load_default=None, allow_none=True, validate=GROUP)
    ids = fields.List(
        fields.Integer(strict=True), load_default=None, allow_none=True, validate=validate.Length(1, MOST_IDS)
    )


class ReplayManyIn(ChosenIn):
    """Which events, and how to mend each."""

    repairs = fields.List(fields.Nested(RepairIn), load_default=list, validate=validate.Length(max=MAX_REPAIRS))
    after = fields.Integer(load_default=0, strict=True, metadata={"description": "last_id of the call before"})
    dry_run = fields.Boolean(load_default=False)


class ReplayedOut(ma.Schema):
    """What became of the events of one call, at most 500."""

    replayed = fields.Integer(required=True)
    refused = fields.Integer(required=True, metadata={"description": "would be refused again, and stay open"})
    blocked = fields.Integer(required=True, metadata={"description": "their visitors did not agree; not stored"})
    left = fields.Integer(required=True, metadata={"description": "events of the group that are open now"})
    last_id = fields.Integer(required=True, metadata={"description": "send it as `after` to go on"})
    problems = fields.List(fields.Nested(StoredProblemOut), required=True)


class DiscardedOut(ma.Schema):
    """How many events were put away."""

    discarded = fields.Integer(required=True)


class DeadEntryOut(ma.Schema):
    """One request whose events could not be stored."""

    id = fields.String(required=True)
    set_aside_at = fields.AwareDateTime(required=True)
    received_at = fields.AwareDateTime(required=True, allow_none=True)
    reason = fields.String(required=True)
    site_id = fields.String(required=True, allow_none=True)
    names = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    rejects = fields.Integer(required=True)
    readable = fields.Boolean(required=True)


class DeadEntryPageOut(ma.Schema):
    """A page of them, newest first."""

    items = fields.List(fields.Nested(DeadEntryOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class DoneOut(ma.Schema):
    """Whether this call did it; false when somebody else was faster."""

    done = fields.Boolean(required=True)
