"""The consent ledger: appending statements, the latest word per purpose, later denials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

PURPOSES = ("analytics", "marketing", "data_processing")
DIRECT_SOURCE = "consent_api"
# Nobody was asked before; a broken clock must not bring dates that drivers cannot read back.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """What one visitor or person said about the purposes, and when. ``purposes`` maps purpose → granted."""

    subject_type: str
    subject_id: str
    purposes: dict[str, bool]
    source: str
    occurred_at: datetime
    text_hash: str | None = None
    region: str | None = None


# A snapshot is appended when it changes what its subject said before it, or is the first word. Statements of one batch
# are compared with each other too (lag), so that «yes, no, yes» keeps all three. A direct statement is an act of its
# own: it is kept also when it repeats the word before, because an older one may still be on its way; sent twice it is
# kept once.
APPEND = text("""
WITH said AS (
  SELECT * FROM ROWS FROM (jsonb_to_recordset(cast(:statements AS jsonb)) AS (
    subject_type text, subject_id text, purpose text, granted boolean, occurred_at timestamptz, text_hash text,
    region text, source text)
  ) WITH ORDINALITY AS s(subject_type, subject_id, purpose, granted, occurred_at, text_hash, region, source, position)
), placed AS (
  SELECT s.*, lag(s.granted) OVER statements AS batch_word, lag(s.occurred_at) OVER statements AS batch_time,
    known.granted AS known_word, known.occurred_at AS known_time
  FROM said s LEFT JOIN LATERAL (
    SELECT c.granted, c.occurred_at FROM consent_ledger c
    WHERE c.tenant_id = :tenant AND c.subject_type = s.subject_type AND c.subject_id = s.subject_id
      AND c.purpose = s.purpose AND c.occurred_at <= s.occurred_at
    ORDER BY c.occurred_at DESC, c.id DESC LIMIT 1
  ) known ON true
  WINDOW statements AS (PARTITION BY s.subject_type, s.subject_id, s.purpose ORDER BY s.occurred_at, s.position)
)
INSERT INTO consent_ledger
  (tenant_id, subject_type, subject_id, purpose, granted, text_hash, region, source, occurred_at)
SELECT :tenant, subject_type, subject_id, purpose, granted, text_hash, region, source, occurred_at
FROM placed p
WHERE granted IS DISTINCT FROM
    CASE WHEN known_time > batch_time THEN known_word ELSE coalesce(batch_word, known_word) END
  OR (source = :direct AND NOT EXISTS (
    SELECT 1 FROM consent_ledger c
    WHERE c.tenant_id = :tenant AND c.subject_type = p.subject_type AND c.subject_id = p.subject_id
      AND c.purpose = p.purpose AND c.occurred_at = p.occurred_at AND c.granted = p.granted AND c.source = :direct))
ORDER BY occurred_at, position
RETURNING subject_type, subject_id
""")
NAMES = ("subject_type", "subject_id", "purpose", "granted", "occurred_at", "text_hash", "region", "source")


def record_statements(session: Session, tenant_id: int, statements: Iterable[ConsentStatement]) -> int:
    """Append what changed; returns how many rows. The latest statement by its own time is the one that holds."""
    return len(append_statements(session, tenant_id, statements))


def append_statements(
    session: Session, tenant_id: int, statements: Iterable[ConsentStatement]
) -> list[tuple[str, str]]:
    """Append what changed; returns whose word each appended row is: subject type and id."""
    rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for item in statements:
        said_at = max(item.occurred_at, EARLIEST)
        for purpose, granted in item.purposes.items():
            if purpose in PURPOSES:
                key = (item.subject_type, item.subject_id, purpose, granted, said_at)
                rows.setdefault(key, (*key, item.text_hash, item.region, item.source))
    if not rows:
        return []
    # One text is taken apart sooner than eight arrays are put together.
    body = orjson.dumps([dict(zip(NAMES, row, strict=True)) for row in rows.values()]).decode()
    appended = session.execute(APPEND, {"tenant": tenant_id, "direct": DIRECT_SOURCE, "statements": body})
    return [(row.subject_type, row.subject_id) for row in appended]


CURRENT = text("""
SELECT DISTINCT ON (purpose) purpose, granted, occurred_at, id
FROM consent_ledger
WHERE tenant_id = :tenant AND subject_type = :type AND subject_id = :subject
ORDER BY purpose, occurred_at DESC, id DESC
""")


def current_consent(session: Session, tenant_id: int, subject_type: str, subject_id: str) -> dict[str, Any]:
    """The latest word per purpose: ``{purpose: {"granted", "since"}}``; a purpose never spoken of is missing."""
    rows = session.execute(CURRENT, {"tenant": tenant_id, "type": subject_type, "subject": subject_id})
    return {row.purpose: {"granted": row.granted, "since": row.occurred_at} for row in rows}


DENIED = text("""
SELECT q.position, bool_or(latest.granted IS FALSE) AS denied, max(latest.id) AS ledger_id
FROM unnest(cast(:positions AS int[]), cast(:types AS text[]), cast(:subjects AS text[]), cast(:purposes AS text[]),
            cast(:times AS timestamptz[])) AS q(position, subject_type, subject_id, purpose, after)
CROSS JOIN LATERAL (
  SELECT c.granted, c.id FROM consent_ledger c
  WHERE c.tenant_id = :tenant AND c.subject_type = q.subject_type AND c.subject_id = q.subject_id
    AND c.purpose = q.purpose AND c.occurred_at > q.after
  ORDER BY c.occurred_at DESC, c.id DESC LIMIT 1
) latest
GROUP BY q.position
""")


def denied_after(
    session: Session, tenant_id: int, questions: Sequence[tuple[str, str, str, datetime]]
) -> dict[int, tuple[bool, int]]:
    """For each (subject_type, subject_id, purpose, after): the latest word later than ``after``.

    Returns position → (denied, ledger row id); a position without a later word is missing.
    """
    if not questions:
        return {}
    rows = session.execute(
        DENIED,
        {
            "tenant": tenant_id,
            "positions": list(range(len(questions))),
            "types": [item[0] for item in questions],
            "subjects": [item[1] for item in questions],
            "purposes": [item[2] for item in questions],
            "times": [item[3] for item in questions],
        },
    )
    return {row.position: (row.denied, row.ledger_id) for row in rows}


GRANTS = text("""
SELECT DISTINCT ON (subject_id) subject_id, granted
FROM consent_ledger
WHERE tenant_id = :tenant AND subject_type = 'visitor' AND subject_id = ANY(:visitors) AND purpose = :purpose
  AND source = :source
ORDER BY subject_id, occurred_at DESC, id DESC
""")


def explicit_grants(session: Session, tenant_id: int, visitors: Sequence[str], purpose: str) -> set[str]:
    """Visitors whose latest direct statement grants a purpose; it outweighs a browser-wide privacy signal."""
    rows = session.execute(
        GRANTS, {"tenant": tenant_id, "visitors": list(visitors), "purpose": purpose, "source": DIRECT_SOURCE}
    )
    return {row.subject_id for row in rows if row.granted}
