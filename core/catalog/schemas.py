"""Wire forms of orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.money import MoneyError, known_currency, parse_amount

OLDEST = timedelta(days=20 * 366)
CLOCK_TOLERANCE = timedelta(days=1)
ID = validate.Length(min=1, max=128)
AMOUNT = {"description": "decimal string in major units of the order's currency", "example": "100.00"}


def amount(**kwargs: Any) -> fields.String:
    """A decimal string; checked against the currency of the order."""
    return fields.String(metadata=AMOUNT, **kwargs)


def moment(**kwargs: Any) -> fields.AwareDateTime:
    """When something happened, with zone; at most 20 years ago and not in the future."""
    return fields.AwareDateTime(required=True, validate=_happened, **kwargs)


def _happened(value: datetime) -> None:
    now = datetime.now(UTC)
    if value > now + CLOCK_TOLERANCE:
        raise ma.ValidationError("lies in the future; send when it happened")
    if value < now - OLDEST:
        raise ma.ValidationError("lies more than 20 years back; send when it happened")


class ConsentIn(ma.Schema):
    """What the buyer agreed to, and when."""

    marketing = fields.Boolean(load_default=None, allow_none=True)
    analytics = fields.Boolean(load_default=None, allow_none=True)
    data_processing = fields.Boolean(load_default=None, allow_none=True)
    captured_at = fields.AwareDateTime(required=True)
    copy_hash = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=128))


class PersonIn(ma.Schema):
    """The buyer. Clear identifiers are encrypted at once."""

    external_id = fields.String(required=True, validate=ID)
    email = fields.Email(load_default=None, allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    first_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    last_name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    city = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    country = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[A-Z]{2}\Z", error="use an ISO 3166 code such as RO"),
    )

    @ma.pre_load
    def _trim(self, data: Any, **_: Any) -> Any:
        # Forms deliver blanks around addresses and empty texts for what was not filled in; neither is an error.
        if not isinstance(data, dict):
            return data
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}
        return {name: None if value == "" and name != "external_id" else value for name, value in trimmed.items()}


class TextMap(fields.Dict):
    """Short texts by name; problems are reported at the name, not below it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[Any, Any]:
        try:
            return dict(super()._deserialize(value, attr, data, **kwargs))  # type: ignore[no-untyped-call]
        except ma.ValidationError as exc:
            if not isinstance(exc.messages, dict):
                raise
            flat = {name: [text for found in parts.values() for text in found] for name, parts in exc.messages.items()}
            raise ma.ValidationError(flat) from None


class OrderContextIn(ma.Schema):
    """Where the order came from; what is missing is taken from the visitor's last visit."""

    client_ip = fields.IP(load_default=None, allow_none=True)
    user_agent = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=1000))
    url = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    referrer = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    click_ids = TextMap(
        keys=fields.String(validate=validate.Length(min=1, max=64)),
        values=fields.String(validate=validate.Length(max=500)),
        load_default=dict,
        validate=validate.Length(max=200),
    )


class TotalsIn(ma.Schema):
    """Totals of the whole order."""

    gross = amount(required=True)
    net = amount(required=True)
    fees = amount(load_default="0")
    discount = amount(load_default="0")


class TicketIn(ma.Schema):
    """One ticket of a line."""

    external_id = fields.String(required=True, validate=ID)


class OrderItemIn(ma.Schema):
    """One line."""

    line = fields.String(required=True, validate=ID)
    live_event_id = fields.String(required=True, validate=ID)
    ticket_type_id = fields.String(load_default=None, allow_none=True, validate=ID)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10_000))
    unit_price = amount(required=True)
    fees = amount(load_default="0")
    discount = amount(load_default="0")
    tickets = fields.List(fields.Nested(TicketIn), load_default=list, validate=validate.Length(max=10_000))


class OrderIn(ma.Schema):
    """An order as the marketplace's backend reports it."""

    external_id = fields.String(required=True, validate=ID)
    status = fields.String(load_default="completed", validate=validate.OneOf(["pending", "completed"]))
    currency = fields.String(required=True)
    placed_at = moment()
    visitor_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))
    session_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=64))
    consent = fields.Nested(ConsentIn, load_default=None, allow_none=True)
    person = fields.Nested(PersonIn, load_default=None, allow_none=True)
    context = fields.Nested(OrderContextIn, load_default=None, allow_none=True)
    promo_code = fields.String(load_default=None, allow_none=True, validate=ID)
    affiliate_id = fields.String(load_default=None, allow_none=True, validate=ID)
    totals = fields.Nested(TotalsIn, required=True)
    items = fields.List(fields.Nested(OrderItemIn), required=True, validate=validate.Length(min=1, max=200))

    @ma.validates_schema(skip_on_field_errors=True)
    def _amounts(self, data: dict[str, Any], **_: Any) -> None:
        currency = data["currency"]
        if not known_currency(currency):
            raise ma.ValidationError("use an ISO 4217 code such as EUR", "currency")
        errors: dict[str, Any] = {}
        totals = _bad_amounts(data["totals"], ("gross", "net", "fees", "discount"), currency)
        if totals:
            errors["totals"] = totals
        lines: dict[int, Any] = {}
        for position, item in enumerate(data["items"]):
            bad = _bad_amounts(item, ("unit_price", "fees", "discount"), currency)
            if bad:
                lines[position] = bad
        if lines:
            errors["items"] = lines
        for position in _repeated([item["line"] for item in data["items"]]):
            errors.setdefault("items", {}).setdefault(position, {})["line"] = ["give every line its own name"]
        if errors:
            raise ma.ValidationError(errors)


def _repeated(names: list[str]) -> list[int]:
    return [position for position, name in enumerate(names) if name in names[:position]]


def _bad_amounts(values: dict[str, Any], names: tuple[str, ...], currency: str) -> dict[str, list[str]]:
    errors = {}
    for name in names:
        try:
            values[name] = parse_amount(values[name], currency)
        except MoneyError as exc:
            errors[name] = [str(exc)]
    return errors


class RefundIn(ma.Schema):
    """What of a line is paid back."""

    line = fields.String(required=True, validate=ID)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10_000))
    amount = amount(required=True)


class OrderPatchIn(ma.Schema):
    """A state change of an order."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(["completed", "partially_refunded", "refunded", "cancelled", "charged_back"]),
    )
    occurred_at = moment()
    transition_id = fields.String(required=True, validate=ID)
    refunds = fields.List(fields.Nested(RefundIn), load_default=list, validate=validate.Length(max=200))


class OrderOut(ma.Schema):
    """The order's state and the ids its events carry, whole (`*`) and per organiser."""

    external_id = fields.String(required=True)
    status = fields.String(required=True)
    event_ids = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
