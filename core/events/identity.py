"""Identity links: which person a visitor is, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.events.timeline import Stretch, Turn, stretches
from core.events.writer import EventRow

LINKING = ("order_completed", "person_identified")
ENDING = "person_logged_out"
DERIVED = ("order_completed", "login")

# Two writers with the same visitor take turns: each must see the other's links.
TAKE_TURNS = text("""
SELECT pg_advisory_xact_lock(hashtextextended(v.visitor, :tenant))
FROM unnest(cast(:visitors AS text[])) WITH ORDINALITY AS v(visitor, position) ORDER BY v.position
""")
TURNS = text("""
SELECT e.visitor_id, e.occurred_at, e.person_id, e.event_name, e.order_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_events e ON e.tenant_id = :tenant AND e.visitor_id = q.visitor AND e.occurred_at >= q.since
WHERE e.occurred_at >= :earliest
  AND (e.event_name = :ending OR (e.event_name = ANY(:linking) AND e.person_id IS NOT NULL))
ORDER BY e.occurred_at, e.event_id
""")
LINKS = text("""
SELECT l.id, l.visitor_id, l.person_id, l.linked_at, l.unlinked_at, l.source, l.order_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_identity_links l ON l.tenant_id = :tenant AND l.visitor_id = q.visitor
WHERE l.source = ANY(:derived) AND (l.unlinked_at IS NULL OR l.unlinked_at > q.since OR l.linked_at >= q.since)
ORDER BY l.linked_at
""")
REMOVE = text("DELETE FROM tx_identity_links WHERE tenant_id = :tenant AND id = ANY(:ids)")
SET_END = text("UPDATE tx_identity_links SET unlinked_at = :until WHERE tenant_id = :tenant AND id = :id")
ADD = text("""
INSERT INTO tx_identity_links (tenant_id, visitor_id, person_id, source, order_id, linked_at, unlinked_at)
VALUES (:tenant, :visitor, :person, :source, :order, :since, :until)
""")
PERSONS = text("""
SELECT visitor_id, person_id FROM tx_identity_links
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) AND unlinked_at IS NULL
""")


def update_links(session: Session, tenant_id: int, rows: Iterable[EventRow]) -> None:
    """Link and unlink from newly stored events; only with consent to data processing.

    Events come in any order. From the earliest new one on, the visitor's links are derived anew from what is stored.
    """
    since: dict[str, datetime] = {}
    for row in rows:
        if row.visitor_id and (row.event_name == ENDING or (row.event_name in LINKING and row.person_id)):
            since[row.visitor_id] = min(since.get(row.visitor_id, row.occurred_at), row.occurred_at)
    if not since:
        return
    visitors = sorted(since)
    values: dict[str, Any] = {"tenant": tenant_id, "visitors": visitors, "times": [since[name] for name in visitors]}
    session.execute(TAKE_TURNS, values)
    turns = _by_visitor(
        session.execute(
            TURNS, {**values, "earliest": min(since.values()), "ending": ENDING, "linking": list(LINKING)}
        ).all()
    )
    links = _by_visitor(session.execute(LINKS, {**values, "derived": list(DERIVED)}).all())
    for visitor in visitors:
        _derive(session, tenant_id, visitor, since[visitor], turns.get(visitor, []), links.get(visitor, []))


def _by_visitor(rows: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.visitor_id, []).append(row)
    return found


def _derive(
    session: Session, tenant_id: int, visitor: str, since: datetime, events: Sequence[Any], links: Sequence[Any]
) -> None:
    before = [row for row in links if row.linked_at < since]
    standing = Stretch(before[-1].person_id, before[-1].linked_at) if before else None
    wanted = stretches([_turn(row) for row in events], standing)
    known = {(row.person_id, row.linked_at): row for row in links}
    kept = {(item.person_id, item.since) for item in wanted}
    removed = [row.id for key, row in known.items() if key not in kept]
    if removed:
        session.execute(REMOVE, {"tenant": tenant_id, "ids": removed})
    for item in wanted:
        row = known.get((item.person_id, item.since))
        if row is None:
            session.execute(ADD, _values(tenant_id, visitor, item))
        elif row.unlinked_at != item.until:
            session.execute(SET_END, {"tenant": tenant_id, "id": row.id, "until": item.until})


def _turn(row: Any) -> Turn:
    if row.event_name == ENDING:
        return Turn(row.occurred_at, None)
    source = "order_completed" if row.event_name == "order_completed" else "login"
    return Turn(row.occurred_at, row.person_id, source, row.order_id)


def _values(tenant_id: int, visitor: str, item: Stretch) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "visitor": visitor,
        "person": item.person_id,
        "source": item.source,
        "order": item.order_id,
        "since": item.since,
        "until": item.until,
    }


def linked_persons(session: Session, tenant_id: int, visitors: Iterable[str]) -> dict[str, list[int]]:
    """Visitor → persons linked right now."""
    found: dict[str, list[int]] = {}
    for row in session.execute(PERSONS, {"tenant": tenant_id, "visitors": sorted(set(visitors))}):
        found.setdefault(row.visitor_id, []).append(row.person_id)
    return found
