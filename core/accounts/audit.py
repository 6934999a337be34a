"""The audit log: what people and keys changed, each row's hash covering the row before it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from core.accounts.canonical import canonical, storable
from core.accounts.models import AuditEntry
from core.accounts.service import Actor
from core.db.locks import Lock

# One writer at a time per tenant, until the transaction ends; the next one then sees what this one wrote.
LOCK = text(f"SELECT pg_advisory_xact_lock({Lock.AUDIT_LOG}, :tenant)")


def record_audit(
    session: Session, actor: Actor, action: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    """Append to the tenant's audit log in the caller's transaction; ``detail`` must hold no secret and no PII.

    Make it the last statement: other changes of the marketplace wait for this transaction from here on.
    """
    session.execute(LOCK, {"tenant": actor.tenant_id % 2**31})
    previous = session.scalar(
        select(AuditEntry.hash).where(AuditEntry.tenant_id == actor.tenant_id).order_by(AuditEntry.id.desc()).limit(1)
    )
    entry = AuditEntry(
        tenant_id=actor.tenant_id,
        at=datetime.now(UTC),
        actor=actor.label,
        action=action,
        subject=subject,
        detail=storable(detail or {}),
        previous_hash=previous or b"",
    )
    entry.hash = chained_hash(entry)
    session.add(entry)
    session.flush()


def chained_hash(entry: AuditEntry | Row[Any]) -> bytes:
    """SHA-256 of the hash before and of everything an entry says, as canonical JSON."""
    at = entry.at.astimezone(UTC).isoformat()
    body = [entry.tenant_id, at, entry.actor, entry.action, entry.subject, entry.detail]
    return hashlib.sha256(bytes(entry.previous_hash) + canonical(body)).digest()
