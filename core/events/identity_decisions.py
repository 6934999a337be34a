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
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError, NotFoundError
from core.events.identity import EVER, derive_links
from core.events.identity_models import LINK, UNLINK
from core.paging import Page, clamp, decode_cursor, encode_cursor

LAST = 2**63 - 1
# As whoever writes what belongs to persons: not while two of them are being merged.
STAY_CLEAR = text("SELECT pg_advisory_xact_lock_shared(20262029, :key)")
PERSON = text("""
SELECT id, coalesce(root_id, id) AS root, external_id FROM persons
WHERE tenant_id = :tenant AND external_id = :name
""")
SEEN = text("""
SELECT EXISTS (SELECT 1 FROM tx_sessions WHERE tenant_id = :tenant AND visitor_id = :visitor)
    OR EXISTS (SELECT 1 FROM tx_events WHERE tenant_id = :tenant AND visitor_id = :visitor)
    OR EXISTS (SELECT 1 FROM tx_identity_links WHERE tenant_id = :tenant AND visitor_id = :visitor)
""")
# Under whichever names the person, and who was merged into it, was linked here.
LINKED_NAMES = text("""
SELECT DISTINCT person_external_id FROM tx_identity_links
WHERE tenant_id = :tenant AND visitor_id = :visitor AND person_id = :root AND person_external_id IS NOT NULL ORDER BY 1
""")
DECIDE = text("""
INSERT INTO tx_identity_decisions (tenant_id, visitor_id, person_external_id, kind, since, decided_by)
VALUES (:tenant, :visitor, :name, :kind, :since, :actor) ON CONFLICT DO NOTHING RETURNING id
""")
REVOKE = text("""
UPDATE tx_identity_decisions d SET revoked_at = now(), revoked_by = :actor
FROM persons p
WHERE d.tenant_id = :tenant AND d.visitor_id = :visitor AND d.kind = :kind AND d.revoked_at IS NULL
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

    Raises `NotFoundError` for an unknown person or visitor, `ConflictError` when that was said already,
    `InvalidInputError` for a time to come.
    """
    now = datetime.now(UTC)
    if since is not None and since > now:
        problem = FieldProblem("/since", "past", "say a time that has passed")
        raise InvalidInputError("a link begins in the past", errors=[problem])
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        if not session.scalar(SEEN, values):
            raise NotFoundError(f"no visitor {visitor_id!r} was seen in this marketplace")
        again = session.execute(REVOKE, {**values, "kind": UNLINK}).all()
        made = session.scalar(DECIDE, {**values, "name": found.external_id, "kind": LINK, "since": since or now})
        if made is None and not again:
            raise ConflictError(
                f"visitor {visitor_id!r} was linked with {person!r} by hand already; unlink it first",
                code="already_linked",
            )
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.link", f"person:{found.id}", {"decision": made})


def unlink_visitor(actor: Actor, person: str, visitor_id: str) -> None:
    """Say that a visitor never was a person (external id), whatever events told or will tell.

    The person's own purchases and sign-ins stay theirs; what else the visitor did is not. Raises `NotFoundError` when
    they are not linked.
    """
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        names = session.scalars(LINKED_NAMES, values).all()
        if not names:
            raise NotFoundError(f"visitor {visitor_id!r} is not linked with {person!r}")
        for name in names:
            session.execute(DECIDE, {**values, "name": name, "kind": UNLINK, "since": None})
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.unlink", f"person:{found.id}", {"names": len(names)})


def relink_visitor(actor: Actor, person: str, visitor_id: str) -> None:
    """Take back that a visitor is not a person: what events and people told counts again.

    Raises `ConflictError` when nobody said so.
    """
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        if not session.execute(REVOKE, {**values, "kind": UNLINK}).all():
            raise ConflictError(f"nobody said that visitor {visitor_id!r} is not {person!r}", code="not_unlinked")
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.relink", f"person:{found.id}")


def withdraw_link(actor: Actor, person: str, visitor_id: str) -> None:
    """Take back a link that was made by hand; links from events stay. Raises `ConflictError` when there is none."""
    with tenant_session(actor.tenant_id) as session:
        found, values = _about(session, actor, person, visitor_id)
        if not session.execute(REVOKE, {**values, "kind": LINK}).all():
            raise ConflictError(f"visitor {visitor_id!r} was not linked with {person!r} by hand", code="not_linked")
        derive_links(session, actor.tenant_id, {visitor_id: EVER})
        record_audit(session, actor, "visitor.withdraw", f"person:{found.id}")


def visitor_decisions(actor: Actor, person: str, *, limit: int = 50, cursor: str | None = None) -> Page[Decision]:
    """The decisions that stand about a person's visitors, newest first; raises `NotFoundError`."""
    before, size = decode_cursor(cursor, int), clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        _, values = _about(session, actor, person, "")
        asked = {**values, "before": before[0] if before else LAST, "size": size + 1}
        rows = session.execute(DECISIONS, asked).all()
    items = [Decision(*row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def _about(session: Session, actor: Actor, person: str, visitor_id: str) -> tuple[Any, dict[str, Any]]:
    if actor.organizer_id is not None:
        raise ForbiddenError("persons are the marketplace's; organisers see their buyers in numbers only")
    session.execute(STAY_CLEAR, {"key": actor.tenant_id % 2**31})
    found = session.execute(PERSON, {"tenant": actor.tenant_id, "name": person}).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no person {person!r} in this marketplace")
    return found, {
        "tenant": actor.tenant_id,
        "root": found.root,
        "visitor": visitor_id,
        "actor": actor.label,
    }
