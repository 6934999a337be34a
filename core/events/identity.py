"""Identity links: which person a visitor is, from when until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.events.rows import EventRow
from core.events.timeline import CONFIDENCE, Stretch, Turn, stretches

LINKING = ("order_completed", "person_identified")
ENDING = "person_logged_out"
SCANNED = "entry_granted"
SPEAKING = frozenset({*LINKING, ENDING, SCANNED})
SOURCES = {"order_completed": "order_completed", "person_identified": "login", SCANNED: "scanner"}
DECIDED_BY_PEOPLE = "manual"
EVER = datetime(1, 1, 1, tzinfo=UTC)
"""Derive from the beginning."""

SURELY_STORED = timedelta(days=100)
"""What is younger cannot be in the archive yet."""

# Two writers with the same visitor take turns: each must see the other's links. In one order, whatever the caller's or
# the server's idea of one is: otherwise each could hold what the other waits for.
TAKE_TURNS = text("""
SELECT pg_advisory_xact_lock(hashtextextended(v.visitor, :tenant))
FROM unnest(cast(:visitors AS text[])) AS v(visitor) ORDER BY v.visitor COLLATE "C"
""")
# A person is told by name; ``person_id`` alone is only what was concluded. Of two at once a decision is the later word.
TURNS = text("""
SELECT e.visitor_id, e.occurred_at, e.person_id, e.person_external_id, e.event_name, e.order_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_events e ON e.tenant_id = :tenant AND e.visitor_id = q.visitor AND e.occurred_at >= q.since
WHERE e.occurred_at >= :earliest AND (e.event_name = :ending
   OR (e.event_name = ANY(:linking) AND e.person_external_id IS NOT NULL AND e.person_id IS NOT NULL
       AND NOT EXISTS (
         SELECT 1 FROM tx_identity_decisions d
         WHERE d.tenant_id = :tenant AND d.visitor_id = e.visitor_id AND d.person_external_id = e.person_external_id
           AND d.kind = 'unlink' AND d.revoked_at IS NULL)))
ORDER BY e.occurred_at, e.event_id
""")
DECIDED = text("""
SELECT d.visitor_id, d.since AS occurred_at, coalesce(p.root_id, p.id) AS person_id, d.person_external_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_identity_decisions d ON d.tenant_id = :tenant AND d.visitor_id = q.visitor AND d.since >= q.since
JOIN persons p ON p.tenant_id = :tenant AND p.external_id = d.person_external_id
WHERE d.kind = 'link' AND d.revoked_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM tx_identity_decisions u
  WHERE u.tenant_id = :tenant AND u.visitor_id = d.visitor_id AND u.person_external_id = d.person_external_id
    AND u.kind = 'unlink' AND u.revoked_at IS NULL)
ORDER BY d.since, d.id
""")
LINKS = text("""
SELECT l.id, l.visitor_id, l.person_id, l.person_external_id, l.linked_at, l.unlinked_at, l.source, l.order_id
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
JOIN tx_identity_links l ON l.tenant_id = :tenant AND l.visitor_id = q.visitor
WHERE l.unlinked_at IS NULL OR l.unlinked_at > q.since OR l.linked_at >= q.since
ORDER BY l.linked_at
""")
REFUSED = text("""
SELECT visitor_id, person_external_id FROM tx_identity_decisions
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) AND kind = 'unlink' AND revoked_at IS NULL
""")
ARCHIVED = text("""
SELECT max(month) + interval '1 month' AS before FROM event_archive_parts
WHERE tenant_id = :tenant AND state = 'archived'
""")
REMOVE = text("DELETE FROM tx_identity_links WHERE tenant_id = :tenant AND id = ANY(:ids)")
SET_END = text("UPDATE tx_identity_links SET unlinked_at = :until WHERE tenant_id = :tenant AND id = :id")
ADD = text("""
INSERT INTO tx_identity_links
  (tenant_id, visitor_id, person_id, person_external_id, confidence, source, order_id, linked_at, unlinked_at)
VALUES (:tenant, :visitor, :person, :name, :confidence, :source, :order, :since, :until)
""")
PERSONS = text("""
SELECT visitor_id, person_id FROM tx_identity_links
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) AND unlinked_at IS NULL
""")
# Whose links changed is looked at from the beginning; whoever merely did more, from there on, if they ever were known.
MARK_LINKED = text("""
INSERT INTO tx_stale_visitors (tenant_id, visitor_id, since)
SELECT :tenant, q.visitor, q.since
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, since)
WHERE EXISTS (SELECT 1 FROM tx_identity_links l WHERE l.tenant_id = :tenant AND l.visitor_id = q.visitor)
""")
MARK = text("""
INSERT INTO tx_stale_visitors (tenant_id, visitor_id) SELECT :tenant, unnest(cast(:visitors AS text[]))
""")


def update_links(session: Session, tenant_id: int, rows: Iterable[EventRow]) -> None:
    """Link and unlink from newly stored events; only with consent to data processing.

    Events come in any order. From the earliest new one on, the visitor's links are derived anew from what is stored.
    Whose other events belong to somebody else now is noted for `core.events.attribution`.
    """
    since: dict[str, datetime] = {}
    more: dict[str, datetime] = {}
    for row in rows:
        visitor = row.visitor_id
        if not visitor:
            continue
        if row.event_name in SPEAKING and (row.event_name == ENDING or row.person_id):
            found = since
        elif row.person_external_id is None and row.consent.get("data_processing"):
            found = more
        else:
            continue
        known = found.get(visitor)
        if known is None or row.occurred_at < known:
            found[visitor] = row.occurred_at
    if since:
        derive_links(session, tenant_id, since)
    mark_stale(session, tenant_id, {name: first for name, first in more.items() if name not in since})


def derive_links(session: Session, tenant_id: int, since: Mapping[str, datetime]) -> None:
    """Derive the links of visitors anew, from a moment on, and note them for attribution."""
    visitors = sorted(since)
    times = [since[name] for name in visitors]
    values: dict[str, Any] = {"tenant": tenant_id, "visitors": visitors, "times": times}
    session.execute(TAKE_TURNS, values)
    turns = told_turns(session, values)
    links = by_visitor(session.execute(LINKS, values).all())
    old = _archived_before(session, tenant_id, min(times))
    refused = {(row.visitor_id, row.person_external_id) for row in session.execute(REFUSED, values)} if old else set()
    for visitor in visitors:
        own, told = links.get(visitor, []), turns.get(visitor, [])
        if old:
            kept = [row for row in own if (visitor, row.person_external_id) not in refused]
            told = sorted([*told, *_remembered(kept, old, since[visitor])], key=lambda turn: turn.at)
        _derive(session, tenant_id, visitor, since[visitor], told, own)
    session.execute(MARK, values)


def told_turns(session: Session, values: Mapping[str, Any]) -> dict[str, list[Turn]]:
    """Visitor → what events and people told of who it is, in order of time."""
    asked = {**values, "earliest": min(values["times"]), "ending": ENDING, "linking": [*LINKING, SCANNED]}
    found = [(row.visitor_id, _turn(row)) for row in session.execute(TURNS, asked)]
    found += [(row.visitor_id, _decided(row)) for row in session.execute(DECIDED, values)]
    turns: dict[str, list[Turn]] = {}
    for visitor, turn in sorted(found, key=lambda item: item[1].at):
        turns.setdefault(visitor, []).append(turn)
    return turns


def mark_stale(session: Session, tenant_id: int, since: Mapping[str, datetime]) -> None:
    """Note that the events of these visitors are to be attributed from a moment on, where anybody is known."""
    if since:
        visitors = sorted(since)
        values = {"tenant": tenant_id, "visitors": visitors, "times": [since[name] for name in visitors]}
        session.execute(MARK_LINKED, values)


def by_visitor(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Rows by their visitor, in their order."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.visitor_id, []).append(row)
    return found


def _archived_before(session: Session, tenant_id: int, earliest: datetime) -> datetime | None:
    """The moment before which events may be away in the archive; None when that does not matter."""
    if earliest > datetime.now(UTC) - SURELY_STORED:
        return None
    found = session.scalar(ARCHIVED, {"tenant": tenant_id})
    return found.replace(tzinfo=UTC) if found else None


def _remembered(links: Sequence[Any], before: datetime, since: datetime) -> list[Turn]:
    """What links tell of events that are archived: where they begin, and where they end without another one.

    What people decided is never archived: it speaks for itself, as long as it stands.
    """
    begins = {row.linked_at for row in links}
    told = []
    for row in links:
        if since <= row.linked_at < before and row.source != DECIDED_BY_PEOPLE:
            told.append(Turn(row.linked_at, row.person_id, row.source, row.order_id, row.person_external_id))
        if row.unlinked_at and since <= row.unlinked_at < before and row.unlinked_at not in begins:
            told.append(Turn(row.unlinked_at, None))
    return told


def _derive(
    session: Session, tenant_id: int, visitor: str, since: datetime, turns: Sequence[Turn], links: Sequence[Any]
) -> None:
    before = [row for row in links if row.linked_at < since]
    standing = _standing(before[-1]) if before else None
    wanted = stretches(turns, standing)
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
    return Turn(row.occurred_at, row.person_id, SOURCES[row.event_name], row.order_id, row.person_external_id)


def _decided(row: Any) -> Turn:
    return Turn(row.occurred_at, row.person_id, DECIDED_BY_PEOPLE, None, row.person_external_id)


def _values(tenant_id: int, visitor: str, item: Stretch) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "visitor": visitor,
        "person": item.person_id,
        "name": item.name,
        "confidence": CONFIDENCE[item.source],
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
MARK_NAMED = text("""
INSERT INTO tx_stale_visitors (tenant_id, visitor_id)
SELECT DISTINCT tenant_id, visitor_id FROM tx_identity_links
WHERE tenant_id = :tenant AND person_external_id = ANY(cast(:names AS text[]))
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
    """Let events and links that came under ``names`` belong to person ``target`` instead of ``source``.

    Events that name nobody follow with the next attribution.
    """
    values = {"tenant": tenant_id, "names": list(names), "from": source, "to": target}
    session.execute(MOVE_EVENTS, values)
    session.execute(MOVE_LINKS, values)
    session.execute(MARK_NAMED, values)


def visitors_of(session: Session, tenant_id: int, person_id: int, most: int = 50) -> list[VisitorLink]:
    """The latest visitors that were linked to a person, newest first."""
    rows = session.execute(VISITORS, {"tenant": tenant_id, "persons": [person_id], "most": most})
    return [VisitorLink(row.visitor_id, row.name, row.source, row.linked_at, row.unlinked_at) for row in rows]


def visitor_counts(session: Session, tenant_id: int, person_ids: Sequence[int]) -> dict[int, int]:
    """Person → number of visitors ever linked; a person without any is missing."""
    rows = session.execute(COUNT, {"tenant": tenant_id, "persons": list(person_ids)})
    return {row.person_id: row.visitors for row in rows}
