"""Imports organisers, venues, genres, artists, live events and ticket types, as the catalogue API takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.catalog.drafts import MAX_ROWS, read_drafts
from core.catalog.import_mapping import AMOUNT, FLAG, INTEGER, LIST, MOMENT, TEXT, Shape
from core.catalog.import_reading import Row
from core.catalog.import_sinks import Prepared, Reject, Sink, Stored
from core.catalog.kinds import KINDS, Kind
from core.catalog.upsert import take

READ_AS: tuple[tuple[type[ma.fields.Field[Any]], str], ...] = (
    (ma.fields.Integer, INTEGER),
    (ma.fields.Boolean, FLAG),
    (ma.fields.List, LIST),
    (ma.fields.DateTime, MOMENT),
)


def shape_of(kind: Kind) -> Shape:
    """The fields of a kind's rows, with how their texts are read."""
    declared = kind.schema._declared_fields  # noqa: SLF001 - how marshmallow tells what a class declares
    return Shape({name: _read_as(name, field) for name, field in declared.items()}, ("translations.",))


def _read_as(name: str, field: Any) -> str:
    if "price" in name or "budget" in name:
        return AMOUNT
    return next((kind for made, kind in READ_AS if isinstance(field, made)), TEXT)


def prepare(_tenant_id: int, rows: Sequence[Row], _options: Mapping[str, Any]) -> Prepared:
    """Only reading is done beside the database: what is right depends on what is stored."""
    prepared = Prepared(len(rows))
    prepared.rejects = [Reject(row.line, (row.problem,)) for row in rows if row.problem]
    prepared.payload = [(row.line, row.data) for row in rows if row.problem is None]
    return prepared


def store(session: Session, tenant_id: int, rows: Sequence[tuple[int, Any]], options: Mapping[str, Any]) -> Stored:
    """Create or update rows; the option ``kind`` names what they are."""
    if not rows:
        return Stored()
    drafts = read_drafts([data for _, data in rows])
    take(session, Actor.system(tenant_id, "import"), KINDS[options["kind"]], drafts, "imported")
    stored = Stored()
    for (line, _), draft in zip(rows, drafts, strict=True):
        outcome = draft.outcome
        if outcome.outcome == "rejected":
            stored.rejects.append(Reject(line, outcome.errors))
        elif outcome.outcome == "created":
            stored.new += 1
        elif outcome.outcome == "updated":
            stored.changed += 1
        else:
            stored.known += 1
    return stored


def catalog_sink(name: str) -> Sink:
    """The import of one kind of the catalogue."""
    return Sink(name, shape_of(KINDS[name]), prepare, store, MAX_ROWS)
