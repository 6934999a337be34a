"""Writes accepted events: COPY into a temporary table, keys decide what is new, one statement stores that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.events.copying import COLUMNS, copy_data
from core.events.rows import EventRow

STAGED = ", ".join(COLUMNS)
STORED = ", ".join(COLUMNS[1:])

CREATE = text(f"""
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_events ON COMMIT DELETE ROWS AS
SELECT {STAGED.replace("position", "0::bigint AS position").replace("amount", "amount::text")}
FROM tx_events WITH NO DATA
""")  # noqa: S608 - column names are constants of this module

# A name that is taken decides before ids do. An event whose id is known takes no name.
NAMES = text("""
WITH named AS (
  SELECT i.tenant_id, i.position, i.trusted, i.idempotency_key, i.event_id, i.received_at FROM incoming_events i
  WHERE i.position >= :first AND i.idempotency_key IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM tx_event_keys k
                    WHERE k.tenant_id = i.tenant_id AND k.trusted = i.trusted AND k.event_id = i.event_id)
), taken AS (
  INSERT INTO tx_idempotency_keys (tenant_id, trusted, idempotency_key, event_id, received_at)
  SELECT DISTINCT ON (trusted, idempotency_key) tenant_id, trusted, idempotency_key, event_id, received_at
  FROM named ORDER BY trusted, idempotency_key, position
  ON CONFLICT DO NOTHING RETURNING trusted, event_id
)
SELECT n.position FROM named n
WHERE NOT EXISTS (SELECT 1 FROM taken t WHERE t.trusted = n.trusted AND t.event_id = n.event_id)
""")

# Keys are taken in one order, so that two writers with the same events wait instead of deadlocking.
KEYS = text("""
WITH taken AS (
  INSERT INTO tx_event_keys (tenant_id, trusted, event_id, received_at)
  SELECT tenant_id, trusted, event_id, received_at FROM incoming_events WHERE position >= :first
  ORDER BY trusted, event_id
  ON CONFLICT DO NOTHING RETURNING trusted, event_id
)
SELECT i.position FROM incoming_events i
WHERE i.position >= :first
  AND NOT EXISTS (SELECT 1 FROM taken t WHERE t.trusted = i.trusted AND t.event_id = i.event_id)
""")
LEAVE_OUT = text("DELETE FROM incoming_events WHERE position = ANY(:positions)")
STORE = text(f"""
INSERT INTO tx_events ({STORED})
SELECT {STORED.replace("amount", "amount::numeric")} FROM incoming_events WHERE position >= :first
""")  # noqa: S608 - column names are constants of this module


def store(session: Session, rows: Sequence[EventRow]) -> list[EventRow]:
    """Store the events of one tenant that are not known yet, and return those, in order. The tenant must be set.

    Of events with the same id, or the same idempotency key, the first one counts.
    """
    unique: dict[tuple[bool, bytes], EventRow] = {}
    for row in rows:
        unique.setdefault(row.key, row)
    fresh = list(unique.values())
    first = _stage(session, fresh)
    values = {"first": first}
    known: set[int] = set()
    if any(row.idempotency_key is not None for row in fresh):
        known |= _leave_out(session, session.scalars(NAMES, values))
    known |= _leave_out(session, session.scalars(KEYS, values))
    if len(known) < len(fresh):
        session.execute(STORE, values)
    return [row for position, row in enumerate(fresh, first) if position not in known] if known else fresh


def _stage(session: Session, rows: Sequence[EventRow]) -> int:
    """Copy rows into this transaction's temporary table; returns the position of the first.

    COPY into a table with policies is refused by PostgreSQL, hence the temporary one.
    """
    first: int = session.info.get("staged_events", 0)
    session.info["staged_events"] = first + len(rows)
    session.execute(CREATE)
    raw = session.connection().connection.cursor()
    with raw.copy(f"COPY incoming_events ({STAGED}) FROM STDIN (FORMAT BINARY)") as copy:
        for part in copy_data(rows, first):
            copy.write(part)
    return first


def _leave_out(session: Session, positions: Iterable[int]) -> set[int]:
    found = set(positions)
    if found:
        session.execute(LEAVE_OUT, {"positions": list(found)})
    return found
