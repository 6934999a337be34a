"""What people of the marketplace decide about visitors: this one is that person, or is not; and taking it back.

A decision outlives what it was made on: links are derived from events and decisions together, so late events change
nothing about it. Taken back, it is as if it had never been made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.db.locks import Lock
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError, NotFoundError
from core.events.identity import EVER, derive_links
from core.events.identity_models import LINK, UNLINK
from core.paging import Page, clamp, decode_cursor, encode_cursor

LAST = 2**63 - 1
LINKED, NOT_LINKED, AS_TOLD = "linked", "not_linked", "as_told"
STATES = (LINKED, NOT_LINKED, AS_TOLD)
"""What can be said of a visitor and a person; the last one leaves it to events again."""

# As whoever writes what belongs to persons: not while two of them are being merged.
STAY_CLEAR = text(f"SELECT pg_advisory_xact_lock_shared({Lock.PERSON_MERGES}, :key)")
PERSON = text("""
SELECT id, coalesce(root_id, id) AS root, external_id FROM persons
WHERE tenant_id = :tenant AND external_id = :name
""")
SEEN = text("""
SELECT EXISTS (SELECT 1 FROM tx_sessions WHERE tenant_id = :tenant AND visitor_id = :visitor)
    OR EXISTS (SELECT 1 FROM tx_events WHERE tenant_id = :tenant AND visitor_id = :visitor)
    OR EXISTS (SELECT 1 FROM tx_identity_links WHERE tenant_id = :tenant AND visitor_id = :visitor)
""")
# Under whichever names the person, and who was merged into it, was linked here, or would be without what was decided.
NAMES = text("""
SELECT l.person_external_id FROM tx_identity_links l
WHERE l.tenant_id = :tenant AND l.visitor_id = :visitor AND l.person_id = :root AND l.person_external_id IS NOT NULL
UNION
SELECT d.person_external_id FROM tx_identity_decisions d
JOIN persons p ON p.tenant_id = :tenant AND p.external_id = d.person_external_id
WHERE d.tenant_id = :tenant AND d.visitor_id = :visitor AND d.kind = 'unlink' AND d.revoked_at IS NULL
  AND coalesce(p.root_id, p.id) = :root
ORDER BY 1
""")
DECIDE = text("""
INSERT INTO tx_identity_decisions (tenant_id, visitor_id, person_external_id, kind, since, decided_by)
VALUES (:tenant, :visitor, :name, :kind, :since, :actor) ON CONFLICT DO NOTHING RETURNING id
""")
REVOKE = text("""
UPDATE tx_identity_decisions d SET revoked_at = now(), revoked_by = :actor
FROM persons p
WHERE d.tenant_id = :tenant AND d.visitor_id = :visitor AND d.revoked_at IS NULL
  AND p.tenant_id = :tenant AND p.external_id = d.person_external_id AND coalesce(p.root_id, p.id) = :root
RETURNING d.id
""")
DECISIONS = text("""
SELECT d.id, d.visitor_id, d.person_external_id, d.kind, d.since, d.decided_by, d.created_at
FROM tx_identity_decisions d
JOIN persons p ON p.tenant_id = :tenant AND p.external_id = d.person_external_id
WHERE d.tenant_id = :tenant AND d.revoked_at IS NULL AND coalesce(p.root_id, p.id) = :root AND d.id < :before
ORDER BY d.id DESC LIMIT :size
""")


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that stands: ``kind`` is link (from ``since`` on) or unlink (never was this person)."""

    id: int
    visitor_id: str
    name: str
    kind: str
    since: datetime | None
    decided_by: str
    decided_at: datetime


def link_visitor(actor: Actor, person: str, visitor_id: str, since: datetime | None = None) -> None:
    """Say that a visitor is a person (external id) from a moment on (None: now), until an event tells otherwise.

    Takes the place of what was decided about the two before. Raises `NotFoundError` for an unknown person or visitor,
    `InvalidInputError` for a time to come.
    """
    now = datetime.now(UTC)
    if since is not None and since > now:
        problem = FieldProblem("/since", "past", "say a time that has passed")
        raise InvalidInputError("a link begins in the past", errors=[problem])
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        session.execute(REVOKE, values)
        made = session.scalar(DECIDE, {**values, "name": found.external_id, "kind": LINK, "since": since or now})
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.link", f"person:{found.id}", {"decision": made})


def unlink_visitor(actor: Actor, person: str, visitor_id: str) -> None:
    """Say that a visitor never was a person (external id), whatever events told or will tell.

    The person's own purchases and sign-ins stay theirs; what else the visitor did is not. Raises `NotFoundError` for an
    unknown person or visitor, `ConflictError` when they are not linked.
    """
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        names = session.scalars(NAMES, values).all()
        if not names:
            raise ConflictError(f"visitor {visitor_id!r} is not linked with {person!r}", code="not_linked")
        session.execute(REVOKE, values)
        for name in names:
            session.execute(DECIDE, {**values, "name": name, "kind": UNLINK, "since": None})
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.unlink", f"person:{found.id}", {"names": len(names)})


def undo_decisions(actor: Actor, person: str, visitor_id: str) -> None:
    """Take back what was decided about a visitor and a person, if anything: what events tell counts again.

    Raises `NotFoundError` for an unknown person or visitor.
    """
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        undone = len(session.execute(REVOKE, values).all())
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.undo", f"person:{found.id}", {"decisions": undone})


def decide(actor: Actor, person: str, visitor_id: str, state: str, since: datetime | None = None) -> None:
    """Bring a visitor and a person into one of `STATES`; raises what the function for it raises."""
    if state == LINKED:
        link_visitor(actor, person, visitor_id, since)
    elif state == NOT_LINKED:
        unlink_visitor(actor, person, visitor_id)
    elif state == AS_TOLD:
        undo_decisions(actor, person, visitor_id)
    else:
        problem = FieldProblem("/state", "choice", f"choose one of {', '.join(STATES)}")
        raise InvalidInputError("there is no such state", errors=[problem])


def visitor_decisions(actor: Actor, person: str, *, limit: int = 50, cursor: str | None = None) -> Page[Decision]:
    """The decisions that stand about a person's visitors, newest first; raises `NotFoundError`."""
    before, size = decode_cursor(cursor, int), clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        values = _person(session, actor, person)[1]
        asked = {**values, "before": before[0] if before else LAST, "size": size + 1}
        rows = session.execute(DECISIONS, asked).all()
    items = [Decision(*row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def _about(session: Session, actor: Actor, person: str, visitor_id: str) -> tuple[Any, dict[str, Any]]:
    found, values = _person(session, actor, person)
    values = {**values, "visitor": visitor_id, "actor": actor.label}
    if not session.scalar(SEEN, values):
        raise NotFoundError(f"no visitor {visitor_id!r} was seen in this marketplace")
    return found, values


def _person(session: Session, actor: Actor, person: str) -> tuple[Any, dict[str, Any]]:
    if actor.organizer_id is not None:
        raise ForbiddenError("persons are the marketplace's; organisers see their buyers in numbers only")
    session.execute(STAY_CLEAR, {"key": actor.tenant_id % 2**31})
    found = session.execute(PERSON, {"tenant": actor.tenant_id, "name": person}).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no person {person!r} in this marketplace")
    return found, {"tenant": actor.tenant_id, "root": found.root}
