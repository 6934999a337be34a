"""Identity links: which person a visitor is, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
SELECT e.visitor_id, e.occurred_at, e.person_id, e.person_external_id, e.event_name, e.order_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_events e ON e.tenant_id = :tenant AND e.visitor_id = q.visitor AND e.occurred_at >= q.since
WHERE e.occurred_at >= :earliest
  AND (e.event_name = :ending OR (e.event_name = ANY(:linking) AND e.person_id IS NOT NULL))
ORDER BY e.occurred_at, e.event_id
""")
LINKS = text("""
SELECT l.id, l.visitor_id, l.person_id, l.person_external_id, l.linked_at, l.unlinked_at, l.source, l.order_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_identity_links l ON l.tenant_id = :tenant AND l.visitor_id = q.visitor
WHERE l.source = ANY(:derived) AND (l.unlinked_at IS NULL OR l.unlinked_at > q.since OR l.linked_at >= q.since)
ORDER BY l.linked_at
""")
REMOVE = text("DELETE FROM tx_identity_links WHERE tenant_id = :tenant AND id = ANY(:ids)")
SET_END = text("UPDATE tx_identity_links SET unlinked_at = :until WHERE tenant_id = :tenant AND id = :id")
ADD = text("""
INSERT INTO tx_identity_links
  (tenant_id, visitor_id, person_id, person_external_id, source, order_id, linked_at, unlinked_at)
VALUES (:tenant, :visitor, :person, :name, :source, :order, :since, :until)
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
    standing = _standing(before[-1]) if before else None
    wanted = stretches([_turn(row) for row in events], standing)
    known = {(row.person_id, row.person_external_id, row.linked_at): row for row in links}
    kept = {(item.person_id, item.name, item.since) for item in wanted}
    removed = [row.id for key, row in known.items() if key not in kept]
    if removed:
        session.execute(REMOVE, {"tenant": tenant_id, "ids": removed})
    for item in wanted:
        row = known.get((item.person_id, item.name, item.since))
        if row is None:
            session.execute(ADD, _values(tenant_id, visitor, item))
        elif row.unlinked_at != item.until:
            session.execute(SET_END, {"tenant": tenant_id, "id": row.id, "until": item.until})


def _standing(row: Any) -> Stretch:
    return Stretch(row.person_id, row.linked_at, name=row.person_external_id)


def _turn(row: Any) -> Turn:
    if row.event_name == ENDING:
        return Turn(row.occurred_at, None)
    source = "order_completed" if row.event_name == "order_completed" else "login"
    return Turn(row.occurred_at, row.person_id, source, row.order_id, row.person_external_id)


def _values(tenant_id: int, visitor: str, item: Stretch) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "visitor": visitor,
        "person": item.person_id,
        "name": item.name,
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


# Events and links keep the name they came under; ``person_id`` is only who that is now.
MOVE_EVENTS = text("""
UPDATE tx_events SET person_id = :to
WHERE tenant_id = :tenant AND person_id = :from AND person_external_id = ANY(cast(:names AS text[]))
""")
MOVE_LINKS = text("""
UPDATE tx_identity_links SET person_id = :to
WHERE tenant_id = :tenant AND person_id = :from AND person_external_id = ANY(cast(:names AS text[]))
""")
VISITORS = text("""
SELECT visitor_id, person_external_id AS name, source, linked_at, unlinked_at FROM tx_identity_links
WHERE tenant_id = :tenant AND person_id = ANY(cast(:persons AS bigint[]))
ORDER BY linked_at DESC, id DESC LIMIT :most
""")
COUNT = text("""
SELECT person_id, count(DISTINCT visitor_id) AS visitors FROM tx_identity_links
WHERE tenant_id = :tenant AND person_id = ANY(cast(:persons AS bigint[])) GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class VisitorLink:
    """One visitor of a person; ``name`` is the external id it was told under."""

    visitor_id: str
    name: str | None
    source: str
    linked_at: datetime
    unlinked_at: datetime | None


def move_person(session: Session, tenant_id: int, names: Sequence[str], *, source: int, target: int) -> None:
    """Let events and links that came under ``names`` belong to person ``target`` instead of ``source``."""
    values = {"tenant": tenant_id, "names": list(names), "from": source, "to": target}
    session.execute(MOVE_EVENTS, values)
    session.execute(MOVE_LINKS, values)


def visitors_of(session: Session, tenant_id: int, person_id: int, most: int = 50) -> list[VisitorLink]:
    """The latest visitors that were linked to a person, newest first."""
    rows = session.execute(VISITORS, {"tenant": tenant_id, "persons": [person_id], "most": most})
    return [VisitorLink(row.visitor_id, row.name, row.source, row.linked_at, row.unlinked_at) for row in rows]


def visitor_counts(session: Session, tenant_id: int, person_ids: Sequence[int]) -> dict[int, int]:
    """Person → number of visitors ever linked; a person without any is missing."""
    rows = session.execute(COUNT, {"tenant": tenant_id, "persons": list(person_ids)})
    return {row.person_id: row.visitors for row in rows}
