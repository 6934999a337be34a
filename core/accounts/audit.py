"""The audit log: what people and keys changed, each row's hash covering the row before it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from core.accounts.models import AuditEntry
from core.accounts.service import Actor
from core.db.session import tenant_session


def record_audit(
    session: Session, actor: Actor, action: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    """Append to the tenant's audit log in the caller's transaction; ``detail`` must hold no secret and no PII."""
    # The chain needs one writer at a time per tenant.
    session.execute(text("SELECT pg_advisory_xact_lock(20262028, :tenant)"), {"tenant": actor.tenant_id % 2**31})
    previous = session.scalar(
        select(AuditEntry.hash).where(AuditEntry.tenant_id == actor.tenant_id).order_by(AuditEntry.id.desc()).limit(1)
    )
    entry = AuditEntry(
        tenant_id=actor.tenant_id,
        at=datetime.now(UTC),
        actor=actor.label,
        action=action,
        subject=subject,
        detail=detail or {},
        previous_hash=previous or b"",
    )
    entry.hash = chained_hash(entry)
    session.add(entry)
    session.flush()


def chained_hash(entry: AuditEntry) -> bytes:
    """SHA-256 of the hash before and of everything an entry says."""
    at = entry.at.astimezone(UTC).isoformat()
    body = [entry.tenant_id, at, entry.actor, entry.action, entry.subject, entry.detail]
    return hashlib.sha256(entry.previous_hash + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


def verify_audit(tenant_id: int) -> int | None:
    """Check a tenant's chain from its first row; returns the id of the first row that does not fit, or None.

    Rows cut off at the end leave no trace in the chain; keep the last hash elsewhere to notice that.
    """
    before, last = b"", 0
    with tenant_session(tenant_id) as session:
        while page := session.scalars(_after(tenant_id, last)).all():
            for entry in page:
                if entry.previous_hash != before or entry.hash != chained_hash(entry):
                    return entry.id
                before, last = entry.hash, entry.id
            session.expunge_all()
    return None


def _after(tenant_id: int, last: int) -> Select[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id, AuditEntry.id > last)
    return query.order_by(AuditEntry.id).limit(1000)
