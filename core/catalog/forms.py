"""The forms that pages offer for rows of the catalogue, made from the wire forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from marshmallow import fields, validate

from core.accounts.api import Actor
from core.catalog.catalog_fields import COUNTRY, Amount, Parts, Reference, References, Translations
from core.catalog.kinds import Kind
from core.catalog.shop_schemas import ShopLines

FieldKind = Literal[
    "text", "long", "country", "url", "integer", "decimal", "amount", "moment", "bool", "choice", "one", "many",
    "translations", "parts",
]  # fmt: skip
LONG = 1_000
# Counted by orders, or following ticket types: nobody types these.
COUNTED = frozenset({"sold", "price_from", "price_to"})


@dataclass(frozen=True, slots=True)
class RowField:
    """One field. ``to`` is the kind that `one` and `many` refer to.

    ``parts`` are what `translations` translate and what `parts` consist of, each with its greatest length.
    """

    name: str
    kind: FieldKind
    required: bool
    longest: int | None = None
    choices: tuple[str, ...] = ()
    to: str = ""
    parts: tuple[tuple[str, int], ...] = ()


def form_of(actor: Actor, kind: Kind, *, new: bool) -> list[RowField]:
    """Return the fields that somebody fills in for a row, in order.

    The status of a live event that exists has a page of its own; persons and lines are not typed by hand.
    """
    found = []
    for name, field in kind.schema._declared_fields.items():  # noqa: SLF001 - how marshmallow tells what it declares
        if name in COUNTED or (name == "organizer_id" and actor.organizer_id is not None):
            continue
        if not new and name in ({"status", "external_id"} if kind.name == "live-events" else {"external_id"}):
            continue
        if isinstance(field, ShopLines) or (isinstance(field, Reference) and field.to == "persons"):
            continue
        found.append(_field(kind, name, field))
    # What it is called comes first, whatever it belongs to.
    return sorted(found, key=lambda item: item.name != kind.title)


def _field(kind: Kind, name: str, field: Any) -> RowField:
    required = bool(field.required) and name != "external_id"
    longest = next((item.max for item in field.validators if isinstance(item, validate.Length)), None)
    if isinstance(field, Reference):
        return RowField(name, "one", required or (name == "organizer_id" and kind.name == "live-events"), to=field.to)
    if isinstance(field, References):
        return RowField(name, "many", required, longest, to=field.to)
    if isinstance(field, Translations):
        return RowField(name, "translations", required, parts=tuple(field.longest.items()))
    if isinstance(field, Parts):
        return RowField(name, "parts", required, parts=tuple((part, field.longest) for part in field.names))
    choices = next((tuple(item.choices) for item in field.validators if isinstance(item, validate.OneOf)), ())
    return RowField(name, _kind(field, longest, choices), required, longest, choices)


def _kind(field: Any, longest: int | None, choices: tuple[str, ...]) -> FieldKind:
    for kind, shape in (
        (fields.AwareDateTime, "moment"),
        (fields.Boolean, "bool"),
        (fields.Integer, "integer"),
        (fields.Decimal, "decimal"),
        (Amount, "amount"),
        (fields.Url, "url"),
    ):
        if isinstance(field, kind):
            return shape  # type: ignore[return-value]
    if choices:
        return "choice"
    if COUNTRY in field.validators:
        return "country"
    return "long" if (longest or 0) >= LONG else "text"
