"""How an event looks in the archive: every column by its kind, what may single a person out by its declared treatment.

A row travels as texts («wire»): so the database and the file's reader compute the same checksum of it, each by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import KeyedColumnElement

from core.db.base import PrivacyClass
from core.events.archive_redaction import OWN_PERSONAL_FIELDS, context_kept, payload_kept
from core.events.models import TrackingEvent

NULL, SEPARATOR = "chr(30)", "chr(31)"
PERSON, NAMED, LINKED = "person_ref", "person_named", "person_linked"
VISITOR, SESSION = "visitor_ref", "session_ref"


class Treatment(StrEnum):
    """What the archive keeps of a column that may single a person out."""

    REFERENCE = "reference"  # a random stand-in, whose meaning the database alone knows
    KEEP = "keep"  # too coarse to find anybody by
    CONTEXT = "context"  # without what platforms know a browser by, cities, and what addresses carry
    PAYLOAD = "payload"  # without fields about persons, and what addresses carry
    DROP = "drop"


TREATMENTS = {
    "visitor_id": Treatment.REFERENCE,
    "session_id": Treatment.REFERENCE,
    "person_external_id": Treatment.REFERENCE,
    "person_id": Treatment.REFERENCE,
    "context": Treatment.CONTEXT,
    "payload": Treatment.PAYLOAD,
    "client_network": Treatment.DROP,
    "country": Treatment.KEEP,
    "browser": Treatment.KEEP,
    "os": Treatment.KEEP,
    "device_type": Treatment.KEEP,
}
REDUCED = {Treatment.CONTEXT: context_kept, Treatment.PAYLOAD: payload_kept}


@dataclass(frozen=True, slots=True)
class Kind:
    """A type on its way: ``to_wire`` in PostgreSQL, ``to_file`` and ``from_file`` in DuckDB, ``from_wire`` back."""

    to_wire: str
    to_file: str
    from_file: str
    from_wire: str


PLAIN_TEXT = Kind("{}", "{}", "{}", "{}")
# Spark reads no UUID out of Parquet, hence texts.
UUID = Kind("{}::text", "{}", "{}", "{}::uuid")
# Whole microseconds, so that no two programs' ideas of writing a time have to agree.
MOMENT = Kind(
    "(extract(epoch FROM {}) * 1000000)::bigint::text",
    "make_timestamptz({}::BIGINT)",
    "epoch_us({})::VARCHAR",
    "(timestamptz 'epoch' + {}::bigint * interval '1 microsecond')",
)
KINDS: Sequence[tuple[type, Kind]] = (
    (Text, PLAIN_TEXT),
    (Uuid, UUID),
    (DateTime, MOMENT),
    (Date, Kind("{}::text", "{}::DATE", "{}::VARCHAR", "{}::date")),
    (Boolean, Kind("{}::text", "{}::BOOLEAN", "{}::VARCHAR", "{}::boolean")),
    (SmallInteger, Kind("{}::text", "{}::SMALLINT", "{}::VARCHAR", "{}::smallint")),
    (BigInteger, Kind("{}::text", "{}::BIGINT", "{}::VARCHAR", "{}::bigint")),
    (Integer, Kind("{}::text", "{}::INTEGER", "{}::VARCHAR", "{}::integer")),
    (Numeric, Kind("{}::text", "{}::DECIMAL(18, 4)", "{}::VARCHAR", "{}::numeric")),
    (JSONB, Kind("{}::text", "{}", "{}", "{}::jsonb")),
)
FLAG = next(kind for known, kind in KINDS if known is Boolean)


@dataclass(frozen=True, slots=True)
class ArchivedColumn:
    """A column of the file; ``source`` is its wire form, of the event ``e`` and what is joined to it."""

    name: str
    kind: Kind
    source: str


def archived_columns() -> tuple[ArchivedColumn, ...]:
    """The columns of a file, in their order."""
    own = [made for column in TrackingEvent.__table__.columns if (made := _archived(column)) is not None]
    return (
        *own,
        ArchivedColumn(PERSON, UUID, "coalesce(n.person_ref, p.person_ref)::text"),
        ArchivedColumn(NAMED, FLAG, "(n.person_ref IS NOT NULL)::text"),
        ArchivedColumn(LINKED, FLAG, "(e.person_id IS NOT NULL)::text"),
        ArchivedColumn(VISITOR, UUID, "v.reference::text"),
        ArchivedColumn(SESSION, UUID, "s.reference::text"),
    )


def _archived(column: KeyedColumnElement[Any]) -> ArchivedColumn | None:
    kind, value = kind_of(column), f"e.{column.name}"
    if column.info["privacy"].cls is not PrivacyClass.NONE:
        # A column that nobody decided about stays out: what is not written cannot be found.
        treatment = TREATMENTS.get(column.name, Treatment.DROP)
        if treatment in {Treatment.REFERENCE, Treatment.DROP}:
            return None
        if treatment in REDUCED:
            value = REDUCED[treatment](value)
    return ArchivedColumn(column.name, kind, kind.to_wire.format(value))


def kind_of(column: KeyedColumnElement[Any]) -> Kind:
    """How a column of the event table travels; raises `LookupError` for a type that was never thought of."""
    for known, kind in KINDS:
        if isinstance(column.type, known):
            return kind
    raise LookupError(f"{column}: say in core/events/archive_columns.py how a {column.type!r} is archived")


def projection(source: str) -> str:
    """SELECT of the wire form of events out of ``source`` (a table or subquery), for PostgreSQL."""
    columns = ", ".join(f"{item.source} AS {item.name}" for item in archived_columns())
    return f"""
SELECT {columns} FROM {source} e
LEFT JOIN persons n ON n.tenant_id = e.tenant_id AND n.external_id = e.person_external_id
LEFT JOIN persons p ON p.tenant_id = e.tenant_id AND p.id = e.person_id
LEFT JOIN archive_references v ON v.tenant_id = e.tenant_id AND v.kind = 'visitor' AND v.subject = e.visitor_id
LEFT JOIN archive_references s ON s.tenant_id = e.tenant_id AND s.kind = 'session' AND s.subject = e.session_id
{OWN_PERSONAL_FIELDS}"""  # noqa: S608 - names of our own columns


def line(values: Sequence[str]) -> str:
    """A row as one text, in PostgreSQL and DuckDB alike."""
    return f"concat_ws({SEPARATOR}, {', '.join(f'coalesce({value}, {NULL})' for value in values)})"


def checksum_of_wire(source: str) -> str:
    """SELECT of number and checksum of rows in their wire form, for PostgreSQL; order does not matter."""
    text = line([item.name for item in archived_columns()])
    return f"SELECT count(*) AS rows, coalesce(sum(('x' || substr(md5({text}), 1, 15))::bit(60)::bigint), 0)::text AS checksum FROM {source} w"  # noqa: S608, E501 - names of our own columns
