"""Wire forms of what is sold beside tickets: products, their orders and parcels, other sellers, partners."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from adrail import phrase
from core.catalog.catalog_fields import Amount, Parts, Reference, Text, check_currency, read_amount
from core.catalog.catalog_schemas import MOST_MINOR, InsteadFields, Row, read_amounts
from core.money import format_amount

PRODUCT_CATEGORY = 60
SHOP_STATUSES = ("pending", "completed", "partially_refunded", "refunded", "cancelled")
SHIPMENT_STATUSES = ("pending", "shipped", "delivered", "returned", "lost")
AFFILIATE_STATUSES = ("active", "paused")
UTM = ("source", "medium", "campaign", "term", "content")
MOST_LINES = 200


def _percent() -> fields.Field[Any]:
    return fields.Decimal(
        places=2,
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 100),
        metadata={"minimum": 0, "maximum": 100, "description": "per cent of a sale"},
    )


class ProductRow(Row):
    """Something sold beside tickets. Without organiser it is the marketplace's own."""

    organizer_id = Reference("organizers", load_default=None, allow_none=True)
    name = Text(200, required=True)
    category = Text(PRODUCT_CATEGORY, required=True, metadata={"description": "such as Vinyl, T-shirts or Parking"})
    seller = Text(200, required=True, metadata={"description": "whose name stands on the invoice"})
    currency = fields.String(required=True, validate=check_currency)
    price = Amount(required=True)
    on_sale = fields.Boolean(load_default=True)

    @ma.validates_schema(skip_on_field_errors=True)
    def _money(self, data: dict[str, Any], **_: Any) -> None:
        read_amounts(data, ("price",), data["currency"])


class TicketLinkRow(Row):
    """Another site that sells tickets of a live event; `utm` is added to the address when somebody follows it."""

    live_event_id = Reference("live-events", required=True)
    seller = Text(200, required=True)
    url = fields.Url(schemes={"https", "http"}, required=True, validate=validate.Length(max=2000))
    utm = Parts(UTM, 200)
    commission_percent = _percent()


class AffiliateRow(Row):
    """A partner whose links bring buyers; orders name it in `affiliate_id`."""

    name = Text(200, required=True)
    commission_percent = _percent()
    status = fields.String(load_default="active", validate=validate.OneOf(AFFILIATE_STATUSES))


class ShopLine(InsteadFields):
    """One line of an order of products."""

    line = Text(64, required=True)
    product_id = fields.String(
        required=True, validate=validate.Length(1, 128), metadata={"description": "external id of products"}
    )
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_MINOR))
    unit_price = Amount(required=True)


class ShopLines(fields.List[Any]):
    """The lines of an order of products; what is sent replaces what there was."""

    def __init__(self) -> None:
        checks = (validate.Length(1, MOST_LINES), _each_line_once)
        super().__init__(fields.Nested(ShopLine), required=True, validate=checks)


def _each_line_once(lines: list[dict[str, Any]]) -> None:
    names = [line["line"] for line in lines]
    if len(set(names)) < len(names):
        raise ma.ValidationError(phrase("two lines have the same name; give each its own"))


class ShopOrderRow(Row):
    """An order of products. `person_id` is who bought; without it, `visitor_id` may say which browser it was."""

    person_id = Reference("persons", load_default=None, allow_none=True)
    visitor_id = Text(128, load_default=None, allow_none=True)
    status = fields.String(load_default="completed", validate=validate.OneOf(SHOP_STATUSES))
    placed_at = fields.AwareDateTime(required=True)
    currency = fields.String(required=True, validate=check_currency)
    gross = Amount(required=True)
    shipping = Amount(load_default="0")
    items = ShopLines()

    @ma.validates_schema(skip_on_field_errors=True)
    def _money(self, data: dict[str, Any], **_: Any) -> None:
        read_amounts(data, ("gross", "shipping"), data["currency"])
        wrong: dict[int, Any] = {}
        for place, line in enumerate(data["items"]):
            try:
                amount = read_amount(line["unit_price"], data["currency"])
            except ma.ValidationError as exc:
                wrong[place] = {"unit_price": exc.messages}
            else:
                # As it will be read again, so that sending the same twice is no change.
                line["unit_price"] = format_amount(amount, data["currency"]) if amount is not None else None
        if wrong:
            raise ma.ValidationError({"items": wrong})


class ShipmentRow(Row):
    """A parcel of an order of products."""

    shop_order_id = Reference("shop-orders", required=True)
    carrier = Text(100, load_default=None, allow_none=True)
    tracking_number = Text(100, load_default=None, allow_none=True)
    status = fields.String(load_default="pending", validate=validate.OneOf(SHIPMENT_STATUSES))
    shipped_at = fields.AwareDateTime(load_default=None, allow_none=True)
    delivered_at = fields.AwareDateTime(load_default=None, allow_none=True)

    @ma.validates_schema(skip_on_field_errors=True)
    def _times(self, data: dict[str, Any], **_: Any) -> None:
        if data["shipped_at"] and data["delivered_at"] and data["delivered_at"] < data["shipped_at"]:
            raise ma.ValidationError(phrase("must not be earlier than shipped_at"), "delivered_at")
