"""Writes accepted events: COPY into a temporary table, then one statement that keeps what is new."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(slots=True)
class EventRow:
    """One accepted event, enriched, as it will stand in ``tx_events``; ``sealed_client`` travels beside it."""

    tenant_id: int
    event_id: uuid.UUID
    trusted: bool
    occurred_at: datetime
    event_name: str
    event_version: int
    claimed_at: datetime
    received_at: datetime
    local_date: date
    source_system: str
    site_id: str | None = None
    visitor_id: str | None = None
    session_id: str | None = None
    sequence_no: int | None = None
    person_external_id: str | None = None
    person_id: int | None = None
    consent: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    entities: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    prev_event_id: uuid.UUID | None = None
    event_entity_id: str | None = None
    order_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    is_bot: bool = False
    client_network: str | None = None
    country: str | None = None
    browser: str | None = None
    os: str | None = None
    device_type: str | None = None
    sealed_client: bytes | None = None


COLUMNS = (
    "tenant_id", "event_id", "trusted", "occurred_at", "event_name", "event_version", "claimed_at", "received_at",
    "local_date", "source_system", "site_id", "visitor_id", "session_id", "sequence_no", "person_external_id",
    "person_id", "consent", "context", "entities", "payload", "idempotency_key", "prev_event_id", "event_entity_id",
    "order_id", "amount", "currency", "is_bot", "client_network", "country", "browser", "os", "device_type",
)  # fmt: skip
JSON_COLUMNS = frozenset({"consent", "context", "entities", "payload"})
LIST = ", ".join(COLUMNS)

CREATE = text(f"""
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_events ON COMMIT DELETE ROWS AS
SELECT 0::int AS position, {LIST} FROM tx_events WITH NO DATA
""")  # noqa: S608 - column names are constants of this module

# Keys are taken in one order, so that two writers with the same events wait instead of deadlocking.
STORE = text(f"""
WITH candidates AS (
  SELECT DISTINCT ON (trusted, event_id) * FROM incoming_events i WHERE tenant_id = :tenant
    AND NOT EXISTS (SELECT 1 FROM tx_event_keys k
                    WHERE k.tenant_id = :tenant AND k.trusted = i.trusted AND k.event_id = i.event_id)
  ORDER BY trusted, event_id, position
), named AS (
  INSERT INTO tx_idempotency_keys (tenant_id, trusted, idempotency_key, event_id, received_at)
  SELECT DISTINCT ON (trusted, idempotency_key) tenant_id, trusted, idempotency_key, event_id, received_at
  FROM candidates WHERE idempotency_key IS NOT NULL ORDER BY trusted, idempotency_key, position
  ON CONFLICT DO NOTHING RETURNING trusted, event_id
), allowed AS (
  SELECT c.* FROM candidates c
  WHERE c.idempotency_key IS NULL
     OR EXISTS (SELECT 1 FROM named n WHERE n.trusted = c.trusted AND n.event_id = c.event_id)
), keys AS (
  INSERT INTO tx_event_keys (tenant_id, trusted, event_id, received_at)
  SELECT tenant_id, trusted, event_id, received_at FROM allowed ORDER BY trusted, event_id
  ON CONFLICT DO NOTHING RETURNING trusted, event_id
), stored AS (
  INSERT INTO tx_events ({LIST})
  SELECT {", ".join(f"a.{name}" for name in COLUMNS)} FROM allowed a JOIN keys USING (trusted, event_id)
  RETURNING trusted, event_id
)
SELECT a.position FROM allowed a JOIN stored USING (trusted, event_id) ORDER BY a.position
""")  # noqa: S608 - column names are constants of this module


def stage(session: Session, rows: Sequence[EventRow]) -> None:
    """Copy rows of any tenants into this transaction's temporary table, in order."""
    session.execute(CREATE)
    raw = session.connection().connection.cursor()
    # COPY into a table with policies is refused by PostgreSQL, hence the temporary one.
    with raw.copy(f"COPY incoming_events (position, {LIST}) FROM STDIN") as copy:
        for position, row in enumerate(rows):
            copy.write_row((position, *(_value(row, name) for name in COLUMNS)))


def store(session: Session, tenant_id: int) -> list[int]:
    """Store the staged rows of a tenant that are not known yet; returns their positions. The tenant must be set."""
    return list(session.scalars(STORE, {"tenant": tenant_id}))


def _value(row: EventRow, name: str) -> Any:
    value = getattr(row, name)
    return orjson.dumps(value).decode() if name in JSON_COLUMNS else value
