"""Rows of events in PostgreSQL's binary COPY format: few joins of bytes, what repeats within a batch is made once.

The format: https://www.postgresql.org/docs/current/sql-copy.html («Binary Format»); a field is its length and its bytes
as the type's receive function reads them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from core.events.rows import Device, EventRow, Origin

COLUMNS = (
    "position", "event_id", "occurred_at", "claimed_at", "local_date",
    "tenant_id", "trusted", "received_at", "client_network", "country", "is_bot",
    "event_name", "event_version", "source_system", "site_id", "browser", "os", "device_type",
    "visitor_id", "session_id", "sequence_no", "consent", "context", "entities", "payload", "event_entity_id",
    "order_id", "amount", "currency", "person_external_id", "person_id", "idempotency_key", "prev_event_id",
)  # fmt: skip
"""In this order; ``amount`` is a text here, whose cast the server knows better than we."""

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
PARTS = 15 * 64
"""Of so many pieces a part is joined: about 64 rows."""
EPOCH_DAY = EPOCH.toordinal()

_front = struct.Struct(">hiqi16siqiqii").pack
_length = struct.Struct(">i").pack
_json = struct.Struct(">ib").pack
_bool = struct.Struct(">ib").pack
_small = struct.Struct(">ih").pack
_big = struct.Struct(">iq").pack
_nothing = NULL * 7
_none = (None,) * 7


def copy_data(rows: Sequence[EventRow], first: int) -> Iterator[bytes]:
    """Yield the COPY stream in parts of some 64 KB; positions count from ``first``.

    Larger parts cost more than they save: memory of that size is handed back and fetched anew each time.
    Raises `ValueError`, `TypeError` or `struct.error` for a value that does not fit its column.
    """
    parts = [HEADER]
    add = parts.append
    origins: dict[int, bytes] = {}
    kinds: dict[tuple[Any, ...], bytes] = {}
    visits: dict[tuple[str | None, str | None], bytes] = {}
    dumps, columns = orjson.dumps, len(COLUMNS)
    for position, row in enumerate(rows, first):
        day = row.local_date.toordinal() - EPOCH_DAY
        occurred, claimed = micros(row.occurred_at), micros(row.claimed_at)
        add(_front(columns, 8, position, 16, row.event_id, 8, occurred, 8, claimed, 4, day))
        origin = row.origin
        add(origins.get(id(origin)) or origins.setdefault(id(origin), _origin(origin)))
        kind = (row.event_name, row.event_version, row.source_system, row.site_id, row.device)
        add(kinds.get(kind) or kinds.setdefault(kind, _kind(*kind)))
        visit = (row.visitor_id, row.session_id)
        add(visits.get(visit) or visits.setdefault(visit, _text(visit[0]) + _text(visit[1])))
        number = row.sequence_no
        add(NULL if number is None else _big(8, number))
        for value in (row.consent, row.context, row.entities, row.payload):
            body = dumps(value)
            add(_json(len(body) + 1, 1))
            add(body)
        add(_text(row.event_entity_id))
        add(_rare(row))
        if len(parts) > PARTS:
            yield b"".join(parts)
            parts.clear()
    add(TRAILER)
    yield b"".join(parts)


def micros(moment: datetime) -> int:
    """A time as PostgreSQL keeps it: microseconds since the year 2000."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _text(value: str | None) -> bytes:
    if value is None:
        return NULL
    raw = value.encode()
    return _length(len(raw)) + raw


def _origin(origin: Origin) -> bytes:
    return b"".join(
        (
            _big(8, origin.tenant_id),
            _bool(1, origin.trusted),
            _big(8, micros(origin.received_at)),
            _text(origin.client_network),
            _text(origin.country),
            _bool(1, origin.is_bot),
        )
    )


def _kind(name: str, version: int, source: str, site: str | None, device: Device) -> bytes:
    return b"".join((_text(name), _small(2, version), _text(source), _text(site), *map(_text, device)))


def _rare(row: EventRow) -> bytes:
    """What most events do not have."""
    amount, person, before = row.amount, row.person_id, row.prev_event_id
    if (row.order_id, amount, row.currency, row.person_external_id, person, row.idempotency_key, before) == _none:
        return _nothing
    return b"".join(
        (
            _text(row.order_id),
            _text(None if amount is None else format(amount, "f")),
            _text(row.currency),
            _text(row.person_external_id),
            NULL if person is None else _big(8, person),
            _text(row.idempotency_key),
            NULL if before is None else _length(16) + before,
        )
    )
