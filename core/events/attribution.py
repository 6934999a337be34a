"""Writes on events whose they are, visitor by visitor and in bounded chunks, as the links of now would have it.

``person_id`` of an event that names nobody is only a cache of that: it may be computed again at any time, and follows
when links begin, end, or are taken back. Events that name somebody speak for themselves and are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.db.session import maintainer_session
from core.events.belonging import Deed, belonging
from core.events.identity import ENDING, EVER, LINKING, REFUSED, TAKE_TURNS, by_visitor
from core.events.timeline import Stretch

VISITORS_AT_ONCE = 100
CHUNK = 5_000
TENANTS = text("SELECT DISTINCT tenant_id FROM tx_stale_visitors ORDER BY 1")
STALE = text("""
SELECT visitor_id, array_agg(id) AS ids, bool_or(since IS NULL) AS whole, min(since) AS since
FROM (SELECT id, visitor_id, since FROM tx_stale_visitors WHERE tenant_id = :tenant AND visitor_id IN (
  SELECT visitor_id FROM tx_stale_visitors WHERE tenant_id = :tenant GROUP BY 1 ORDER BY min(id) LIMIT :most)) AS marks
GROUP BY 1 ORDER BY 1
""")
FRESH = text("DELETE FROM tx_stale_visitors WHERE tenant_id = :tenant AND id = ANY(cast(:ids AS bigint[]))")
LINKS = text("""
SELECT visitor_id, person_id, person_external_id, source, order_id, linked_at, unlinked_at FROM tx_identity_links
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) ORDER BY linked_at, id
""")
DEEDS = text("""
SELECT visitor_id, occurred_at, session_id, person_external_id,
       CASE WHEN event_name <> :ending THEN person_id END AS person_id
FROM tx_events
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) AND session_id IS NOT NULL AND (event_name = :ending
  OR (event_name = ANY(:linking) AND person_external_id IS NOT NULL AND person_id IS NOT NULL))
""")
CREATE = text("""
CREATE TEMPORARY TABLE IF NOT EXISTS belonging_spans
  (visitor_id text, visit text, since timestamptz, person_id bigint) ON COMMIT DELETE ROWS
""")
INDEX = text("""
CREATE INDEX IF NOT EXISTS belonging_spans_place ON pg_temp.belonging_spans (visitor_id, visit, since)
""")
FILL = text("""
INSERT INTO pg_temp.belonging_spans
SELECT visitor_id, coalesce('visit ' || session_id, ''), coalesce(since, '-infinity'), person_id
FROM jsonb_to_recordset(cast(:spans AS jsonb))
  AS s(visitor_id text, session_id text, since timestamptz, person_id bigint)
""")
# Of a visit with spans of its own only these count. Spans cover all time, so the last that began is the one.
WRITE = text("""
WITH wrong AS (
  SELECT e.event_id, e.trusted, e.occurred_at, w.person_id
  FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor_id, first)
  JOIN tx_events e ON e.tenant_id = :tenant AND e.visitor_id = q.visitor_id AND e.occurred_at >= q.first
  CROSS JOIN LATERAL (
    SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_temp.belonging_spans o
                             WHERE o.visitor_id = e.visitor_id AND o.visit = 'visit ' || e.session_id)
           THEN 'visit ' || e.session_id ELSE '' END AS visit
  ) AS v
  CROSS JOIN LATERAL (
    SELECT CASE WHEN e.consent ->> 'data_processing' = 'true' THEN s.person_id END AS person_id
    FROM pg_temp.belonging_spans s
    WHERE s.visitor_id = e.visitor_id AND s.visit = v.visit AND s.since <= e.occurred_at
    ORDER BY s.since DESC LIMIT 1
  ) AS w
  WHERE e.person_external_id IS NULL AND e.person_id IS DISTINCT FROM w.person_id
  LIMIT :most
)
UPDATE tx_events e SET person_id = w.person_id FROM wrong w
WHERE e.tenant_id = :tenant AND e.event_id = w.event_id AND e.trusted = w.trusted AND e.occurred_at = w.occurred_at
""")


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction did: events changed, and whether more of this marketplace wait."""

    changed: int
    more: bool


def stale_tenants() -> list[int]:
    """Marketplaces with visitors whose events are to be looked at."""
    with maintainer_session() as session:
        return list(session.scalars(TENANTS))


def attribute_some(tenant_id: int) -> Step:
    """Bring events of some visitors in line with their links, in one short transaction; repeat while there is more."""
    with maintainer_session() as session:
        stale = session.execute(STALE, {"tenant": tenant_id, "most": VISITORS_AT_ONCE}).all()
        if not stale:
            return Step(0, more=False)
        visitors = [row.visitor_id for row in stale]
        values: dict[str, Any] = {"tenant": tenant_id, "visitors": visitors}
        # Links of these visitors stay as they are while this looks at them.
        session.execute(TAKE_TURNS, values)
        session.execute(CREATE)
        session.execute(INDEX)
        session.execute(FILL, {"spans": orjson.dumps(_spans(session, values)).decode()})
        times = [EVER if row.whole else row.since for row in stale]
        changed = int(session.execute(WRITE, {**values, "times": times, "most": CHUNK}).rowcount)  # type: ignore[attr-defined]
        if changed < CHUNK:
            session.execute(FRESH, {"tenant": tenant_id, "ids": [number for row in stale for number in row.ids]})
    return Step(changed, more=True)


def _spans(session: Session, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    links = by_visitor(session.execute(LINKS, values).all())
    told = by_visitor(session.execute(DEEDS, {**values, "ending": ENDING, "linking": list(LINKING)}).all())
    refused = {(row.visitor_id, row.person_external_id) for row in session.execute(REFUSED, values)}
    spans = []
    for name in values["visitors"]:
        deeds = [_deed(row) for row in told.get(name, []) if (name, row.person_external_id) not in refused]
        for span in belonging([_stretch(row) for row in links.get(name, [])], deeds):
            place = {"visitor_id": name, "session_id": span.session_id}
            spans.append({**place, "since": span.since, "person_id": span.person_id})
    return spans


def _stretch(row: Any) -> Stretch:
    return Stretch(row.person_id, row.linked_at, row.unlinked_at, row.source, row.order_id, row.person_external_id)


def _deed(row: Any) -> Deed:
    return Deed(row.occurred_at, row.session_id, row.person_id)
