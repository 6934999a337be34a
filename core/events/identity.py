"""Identity links: which person a visitor is, from when until when."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.events.writer import EventRow

LINKING = {"order_completed", "person_identified"}
ENDING = "person_logged_out"

# Two writers with the same visitor take turns: each must see the other's links.
TAKE_TURNS = text("""
SELECT pg_advisory_xact_lock(hashtextextended(v.visitor, :tenant))
FROM unnest(cast(:visitors AS text[])) WITH ORDINALITY AS v(visitor, position) ORDER BY v.position
""")

# At any moment a visitor is one person at most: on a shared device the new person ends the link of the one before.
# Events come in any order, so a new link ends where the next begins, where the one it cuts ended, or at a sign-out.
LINK = text("""
WITH q AS (
  SELECT * FROM unnest(cast(:visitors AS text[]), cast(:persons AS bigint[]), cast(:times AS timestamptz[]),
                       cast(:sources AS text[]), cast(:orders AS text[])) AS q(visitor, person, at, source, order_id)
), standing AS (
  SELECT q.visitor, l.id, l.person_id, l.unlinked_at FROM q JOIN tx_identity_links l
    ON l.tenant_id = :tenant AND l.visitor_id = q.visitor AND l.linked_at <= q.at
   AND (l.unlinked_at IS NULL OR l.unlinked_at > q.at)
), cut AS (
  UPDATE tx_identity_links l SET unlinked_at = q.at FROM standing s JOIN q USING (visitor)
  WHERE l.tenant_id = :tenant AND l.id = s.id AND s.person_id <> q.person
)
INSERT INTO tx_identity_links (tenant_id, visitor_id, person_id, source, order_id, linked_at, unlinked_at)
SELECT :tenant, q.visitor, q.person, q.source, q.order_id, q.at, least(
  (SELECT min(l.linked_at) FROM tx_identity_links l
   WHERE l.tenant_id = :tenant AND l.visitor_id = q.visitor AND l.linked_at > q.at),
  (SELECT min(s.unlinked_at) FROM standing s WHERE s.visitor = q.visitor),
  (SELECT min(e.occurred_at) FROM tx_events e
   WHERE e.tenant_id = :tenant AND e.visitor_id = q.visitor AND e.event_name = :ending AND e.occurred_at > q.at))
FROM q
WHERE NOT EXISTS (SELECT 1 FROM standing s WHERE s.visitor = q.visitor AND s.person_id = q.person)
""")
END = text("""
UPDATE tx_identity_links l SET unlinked_at = q.at
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, at)
WHERE l.tenant_id = :tenant AND l.visitor_id = q.visitor AND l.linked_at <= q.at
  AND (l.unlinked_at IS NULL OR l.unlinked_at > q.at)
""")
PERSONS = text("""
SELECT visitor_id, person_id FROM tx_identity_links
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) AND unlinked_at IS NULL
""")


def update_links(session: Session, tenant_id: int, rows: Iterable[EventRow]) -> None:
    """Link and unlink from newly stored events; only with consent to data processing."""
    by_visitor: dict[str, list[EventRow]] = {}
    for row in sorted(rows, key=lambda item: item.occurred_at):
        if row.visitor_id and (row.event_name == ENDING or _links(row)):
            by_visitor.setdefault(row.visitor_id, []).append(row)
    if not by_visitor:
        return
    session.execute(TAKE_TURNS, {"tenant": tenant_id, "visitors": sorted(by_visitor)})
    # One event of each visitor at a time: what comes later builds on it.
    for turn in itertools.zip_longest(*by_visitor.values()):
        events = [row for row in turn if row is not None]
        _link(session, tenant_id, [row for row in events if row.event_name != ENDING])
        _end(session, tenant_id, [row for row in events if row.event_name == ENDING])


def _links(row: EventRow) -> bool:
    return row.event_name in LINKING and bool(row.person_id and row.consent.get("data_processing"))


def _link(session: Session, tenant_id: int, rows: Sequence[EventRow]) -> None:
    if rows:
        values = {
            "visitors": [row.visitor_id for row in rows],
            "persons": [row.person_id for row in rows],
            "times": [row.occurred_at for row in rows],
            "sources": ["order_completed" if row.event_name == "order_completed" else "login" for row in rows],
            "orders": [row.order_id for row in rows],
        }
        session.execute(LINK, {"tenant": tenant_id, "ending": ENDING, **values})


def _end(session: Session, tenant_id: int, rows: Sequence[EventRow]) -> None:
    if rows:
        values = {"visitors": [row.visitor_id for row in rows], "times": [row.occurred_at for row in rows]}
        session.execute(END, {"tenant": tenant_id, **values})


def linked_persons(session: Session, tenant_id: int, visitors: Iterable[str]) -> dict[str, list[int]]:
    """Visitor → persons linked right now."""
    found: dict[str, list[int]] = {}
    for row in session.execute(PERSONS, {"tenant": tenant_id, "visitors": sorted(set(visitors))}):
        found.setdefault(row.visitor_id, []).append(row.person_id)
    return found
