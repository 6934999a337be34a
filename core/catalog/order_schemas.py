"""Wire forms of orders that are read."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from core.catalog.order_states import STATUSES
from core.web import PageArgs

ID = validate.Length(min=1, max=128)


def money() -> fields.Decimal:
    """An amount in major units of the order's currency, as a decimal string."""
    return fields.Decimal(required=True, allow_none=True, as_string=True)


class OrderListArgs(PageArgs):
    """Filters of the list of orders."""

    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    organizer_id = fields.String(load_default=None, validate=ID)
    live_event_id = fields.String(load_default=None, validate=ID)
    person_id = fields.String(load_default=None, validate=ID)
    since = fields.AwareDateTime(load_default=None, metadata={"description": "placed from then on, RFC 3339"})
    until = fields.AwareDateTime(load_default=None, metadata={"description": "placed before then, RFC 3339"})
    search = fields.String(
        load_default="", metadata={"description": "a whole order number"}, validate=validate.Length(max=128)
    )


class OrderRowOut(ma.Schema):
    """An order in a list; for a key of an organiser, its part of it."""

    external_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    currency = fields.String(required=True)
    placed_at = fields.AwareDateTime(required=True)
    gross = money()
    refunded = money()
    quantity = fields.Integer(required=True, metadata={"description": "tickets"})
    live_events = fields.List(fields.String(), required=True, metadata={"description": "titles"})
    organizers = fields.List(fields.String(), required=True, metadata={"description": "names"})
    person_id = fields.String(required=True, allow_none=True)
    only_part = fields.Boolean(required=True, metadata={"description": "only one organiser's lines are counted"})


class OrderPageOut(ma.Schema):
    """A page of orders, newest first."""

    items = fields.List(fields.Nested(OrderRowOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OrderLineOut(ma.Schema):
    """One line; ``value`` is its share of what was paid."""

    line = fields.String(required=True)
    live_event_id = fields.String(required=True)
    live_event_title = fields.String(required=True)
    organizer_id = fields.String(required=True)
    organizer_name = fields.String(required=True)
    ticket_type_id = fields.String(required=True, allow_none=True)
    ticket_type_name = fields.String(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    unit_price = money()
    fees = money()
    discount = money()
    value = money()
    refunded = money()
    refunded_quantity = fields.Integer(required=True)
    tickets = fields.List(fields.String(), required=True)


class OrganizerShareOut(ma.Schema):
    """What of the order is one organiser's."""

    organizer_id = fields.String(required=True)
    organizer_name = fields.String(required=True)
    quantity = fields.Integer(required=True)
    value = money()
    refunded = money()


class RefundOut(ma.Schema):
    """What of a line was paid back."""

    line = fields.String(required=True)
    quantity = fields.Integer(required=True)
    amount = fields.String(required=True)


class TransitionOut(ma.Schema):
    """One change of the order's state."""

    transition_id = fields.String(required=True)
    status = fields.String(required=True)
    occurred_at = fields.AwareDateTime(required=True)
    recorded_at = fields.AwareDateTime(required=True)
    refunds = fields.List(fields.Nested(RefundOut), required=True)


class OrderDetailOut(ma.Schema):
    """One order with its lines, shares and history; what belongs to others is null for a key of an organiser."""

    order = fields.Nested(OrderRowOut, required=True)
    net = money()
    fees = money()
    discount = money()
    visitor_id = fields.String(required=True, allow_none=True)
    promo_code = fields.String(required=True, allow_none=True)
    affiliate_id = fields.String(required=True, allow_none=True)
    consent = fields.Dict(keys=fields.String(), required=True, allow_none=True)
    lines = fields.List(fields.Nested(OrderLineOut), required=True)
    shares = fields.List(fields.Nested(OrganizerShareOut), required=True)
    transitions = fields.List(fields.Nested(TransitionOut), required=True)
    allowed_next = fields.List(fields.String(), required=True)
