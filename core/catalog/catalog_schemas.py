"""Wire forms of the catalogue's rows; forms on pages are made from them, too."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from adrail import phrase
from core.catalog.catalog_fields import (
    COUNTRY,
    SLUG,
    Amount,
    Reference,
    References,
    Text,
    Translations,
    check_currency,
    read_amount,
)
from core.catalog.person_fields import GENDERS
from core.catalog.status import STATUSES
from core.web import PageArgs

READ_ONLY = frozenset({"created_at", "organizer_name", "venue_name", "city_name", "live_event_title", "currency_of"})
MOST_MINOR = 2**31 - 1


MISSING = {
    "required": phrase("is missing; a new row needs it"),
    "null": phrase("cannot be emptied; send a value, or leave it out"),
}
# What to send instead, by kind of field; the framework only says what is not valid.
INSTEAD: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.AwareDateTime, phrase("send a time with its zone, such as 2031-12-05T19:00:00+02:00")),
    (fields.Integer, phrase("send a whole number")),
    (fields.Decimal, phrase("send a number")),
    (fields.Boolean, phrase("send true or false")),
    (fields.Url, phrase("send a web address with https:// in front")),
    (fields.List, phrase("send a list of ids")),
    (fields.String, phrase("send a text")),
)


class InsteadFields(ma.Schema):
    """Fields whose messages say what to send instead."""

    error_messages = {"unknown": phrase("is not known here; leave it out")}  # noqa: RUF012 - marshmallow reads it as is

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002 - their hook
        """Let every message say how to mend what is wrong."""
        instead = next((text for kind, text in INSTEAD if isinstance(field_obj, kind)), None)
        wrong = dict.fromkeys(field_obj.error_messages, instead) if instead else {}
        field_obj.error_messages = {**field_obj.error_messages, **wrong, **MISSING}


class Row(InsteadFields):
    """What every row has. What GET answered may be sent back as it is."""

    external_id = Text(128, required=True)

    @ma.pre_load
    def _without_read_only(self, data: Any, **_: Any) -> Any:
        return {name: value for name, value in data.items() if name not in READ_ONLY}


class OrganizerRow(Row):
    """Who sells through the marketplace. Without slug one is made from the name."""

    name = Text(200, required=True)
    slug = Text(80, load_default=None, allow_none=True, validate=(SLUG,))


class VenueRow(Row):
    """Where live events take place."""

    name = Text(200, required=True)
    city = Text(100, required=True)
    region = Text(100, load_default=None, allow_none=True)
    country = fields.String(required=True, validate=COUNTRY)
    # The limits again as numbers: the description would give them as texts, as the field is written.
    latitude = fields.Decimal(
        places=6,
        load_default=None,
        allow_none=True,
        validate=validate.Range(-90, 90),
        metadata={"minimum": -90, "maximum": 90},
    )
    longitude = fields.Decimal(
        places=6,
        load_default=None,
        allow_none=True,
        validate=validate.Range(-180, 180),
        metadata={"minimum": -180, "maximum": 180},
    )
    capacity = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, MOST_MINOR))

    @ma.validates_schema(skip_on_field_errors=True)
    def _place(self, data: dict[str, Any], **_: Any) -> None:
        if (data["latitude"] is None) != (data["longitude"] is None):
            raise ma.ValidationError(phrase("send latitude and longitude together, or neither"), "latitude")


class GenreRow(Row):
    """A kind of music or show."""

    name = Text(100, required=True)
    translations = Translations(name=100)


class ArtistRow(Row):
    """Who performs."""

    name = Text(200, required=True)
    country = fields.String(load_default=None, allow_none=True, validate=COUNTRY)
    website = fields.Url(
        schemes={"https", "http"}, load_default=None, allow_none=True, validate=validate.Length(max=500)
    )
    genre_ids = References("genres", 20)


class LiveEventRow(Row):
    """What tickets are sold for. `price_from` and `price_to` follow the ticket types as soon as there are any."""

    organizer_id = Reference("organizers", load_default=None, allow_none=True)
    venue_id = Reference("venues", load_default=None, allow_none=True)
    slug = Text(80, load_default=None, allow_none=True, validate=(SLUG,))
    title = Text(200, required=True)
    description = Text(10_000, load_default="")
    translations = Translations(title=200, description=10_000)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(load_default=None, allow_none=True)
    doors_at = fields.AwareDateTime(load_default=None, allow_none=True)
    status = fields.String(load_default="draft", validate=validate.OneOf(STATUSES))
    currency = fields.String(required=True, validate=check_currency)
    price_from = Amount(load_default=None, allow_none=True)
    price_to = Amount(load_default=None, allow_none=True)
    promoted = fields.Boolean(load_default=False)
    promotion_budget = Amount(load_default=None, allow_none=True)
    genre_ids = References("genres", 20)
    artist_ids = References("artists", 200)

    @ma.validates_schema(skip_on_field_errors=True)
    def _times(self, data: dict[str, Any], **_: Any) -> None:
        if data["ends_at"] is not None and data["ends_at"] <= data["starts_at"]:
            raise ma.ValidationError(phrase("must be later than starts_at"), "ends_at")
        if data["doors_at"] is not None and data["doors_at"] > data["starts_at"]:
            raise ma.ValidationError(phrase("must not be later than starts_at"), "doors_at")

    @ma.validates_schema(skip_on_field_errors=True)
    def _money(self, data: dict[str, Any], **_: Any) -> None:
        read_amounts(data, ("price_from", "price_to", "promotion_budget"), data["currency"])
        low, high = data["price_from"], data["price_to"]
        if low is not None and high is not None and low > high:
            raise ma.ValidationError(phrase("must not be below price_from"), "price_to")


class TicketTypeRow(Row):
    """One kind of ticket; prices are in the live event's currency."""

    live_event_id = Reference("live-events", required=True)
    name = Text(200, required=True)
    category = Text(40, load_default="GA", metadata={"description": "such as GA, VIP or EarlyBird"})
    price = Amount(required=True)
    sale_price = Amount(load_default=None, allow_none=True)
    quota = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(0, MOST_MINOR))
    sold = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, MOST_MINOR))


def ticket_prices(data: dict[str, Any], currency: str) -> None:
    """Read a ticket type's prices in its live event's currency; raises `ValidationError`."""
    read_amounts(data, ("price", "sale_price"), currency)
    if data["sale_price"] is not None and data["sale_price"] > data["price"]:
        raise ma.ValidationError({"sale_price": [phrase("must not be above price")]})


def read_amounts(data: dict[str, Any], names: tuple[str, ...], currency: str) -> None:
    """Read texts of amounts in place as decimals of a currency; raises `ValidationError` naming each field."""
    errors: dict[str, Any] = {}
    for name in names:
        try:
            data[name] = read_amount(data[name], currency)
        except ma.ValidationError as exc:
            errors[name] = exc.messages
    if errors:
        raise ma.ValidationError(errors)


class PersonRow(ma.Schema):
    """A known customer, as documentation shows it: `person_fields` reads it. Clear fields are encrypted at once."""

    external_id = fields.String(required=True, validate=validate.Length(1, 128))
    email = fields.String(metadata={"example": "ana@example.com"})
    phone = fields.String(metadata={"example": "+40712345678"})
    first_name = fields.String()
    last_name = fields.String()
    birthday = fields.Date()
    street_address = fields.String()
    city = fields.String()
    country = fields.String(validate=COUNTRY)
    gender = fields.String(validate=validate.OneOf(GENDERS))
    consent = fields.Dict(
        keys=fields.String(), metadata={"description": "marketing, analytics, data_processing and captured_at"}
    )


class ListArgs(PageArgs):
    """Query parameters of every list of the catalogue."""

    search = fields.String(load_default="", validate=validate.Length(max=200))


class OutcomeError(ma.Schema):
    """What is wrong with a row: where in the row, which rule, and how to mend it."""

    pointer = fields.String(required=True)
    rule = fields.String(required=True)
    message = fields.String(required=True)


class OutcomeOut(ma.Schema):
    """What became of one row; `index` is its place in the request, from 0."""

    index = fields.Integer(required=True)
    external_id = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, validate=validate.OneOf(["created", "updated", "unchanged", "rejected"]))
    errors = fields.List(fields.Nested(OutcomeError), required=True)


class BulkOut(ma.Schema):
    """Counts of the four outcomes, and one outcome per row in the order they were sent."""

    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    items = fields.List(fields.Nested(OutcomeOut), required=True)


class StatusIn(ma.Schema):
    """A new status of a live event, and why."""

    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    reason = Text(500, load_default="")


class StatusChangeOut(ma.Schema):
    """One change of a live event's status."""

    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True)
    reason = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
