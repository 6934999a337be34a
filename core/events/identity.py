"""Identity links: which person a visitor is, from when until when."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.events.writer import EventRow

LINKING = {"order_completed", "person_identified"}

# On a shared device the new person ends the link of the one before: at any moment a visitor is one person at most.
END_OTHERS = text("""
UPDATE tx_identity_links l SET unlinked_at = q.at
FROM unnest(cast(:visitors AS text[]), cast(:persons AS bigint[]), cast(:times AS timestamptz[]))
  AS q(visitor, person, at)
WHERE l.tenant_id = :tenant AND l.visitor_id = q.visitor AND l.person_id <> q.person AND l.unlinked_at IS NULL
  AND l.linked_at <= q.at
""")
LINK = text("""
INSERT INTO tx_identity_links (tenant_id, visitor_id, person_id, source, order_id, linked_at)
SELECT :tenant, q.visitor, q.person, q.source, q.order_id, q.at
FROM unnest(cast(:visitors AS text[]), cast(:persons AS bigint[]), cast(:times AS timestamptz[]),
            cast(:sources AS text[]), cast(:orders AS text[])) AS q(visitor, person, at, source, order_id)
ON CONFLICT (tenant_id, visitor_id, person_id) WHERE unlinked_at IS NULL DO NOTHING
""")
END = text("""
UPDATE tx_identity_links l SET unlinked_at = q.at
FROM unnest(cast(:visitors AS text[]), cast(:times AS timestamptz[])) AS q(visitor, at)
WHERE l.tenant_id = :tenant AND l.visitor_id = q.visitor AND l.unlinked_at IS NULL AND l.linked_at <= q.at
""")
PERSONS = text("""
SELECT visitor_id, person_id FROM tx_identity_links
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) AND unlinked_at IS NULL
""")


def update_links(session: Session, tenant_id: int, rows: Iterable[EventRow]) -> None:
    """Link and unlink from newly stored events; only with consent to data processing."""
    ordered = sorted(rows, key=lambda item: item.occurred_at)
    latest = {
        row.visitor_id: row
        for row in ordered
        if row.event_name in LINKING and row.visitor_id and row.person_id and row.consent.get("data_processing")
    }
    if latest:
        links = sorted(latest.values(), key=lambda item: item.visitor_id or "")
        values = {
            "tenant": tenant_id,
            "visitors": [row.visitor_id for row in links],
            "persons": [row.person_id for row in links],
            "times": [row.occurred_at for row in links],
            "sources": ["order_completed" if row.order_id else "login" for row in links],
            "orders": [row.order_id for row in links],
        }
        session.execute(END_OTHERS, values)
        session.execute(LINK, values)
    ended = {row.visitor_id: row.occurred_at for row in ordered if row.event_name == "person_logged_out"}
    if ended:
        session.execute(END, {"tenant": tenant_id, "visitors": list(ended), "times": list(ended.values())})


def linked_persons(session: Session, tenant_id: int, visitors: Iterable[str]) -> dict[str, list[int]]:
    """Visitor → persons linked right now."""
    found: dict[str, list[int]] = {}
    for row in session.execute(PERSONS, {"tenant": tenant_id, "visitors": sorted(set(visitors))}):
        found.setdefault(row.visitor_id, []).append(row.person_id)
    return found
