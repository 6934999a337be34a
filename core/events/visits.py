"""What is known of a visitor's last visit: context for orders that come without, and the consent it ended with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.events.models import VisitSession

SEAL_DAYS = timedelta(days=7)

LAST_SNAPSHOTS = text("""
SELECT DISTINCT ON (visitor_id) visitor_id, final_consent FROM tx_sessions
WHERE tenant_id = :tenant AND visitor_id = ANY(:visitors) ORDER BY visitor_id, last_seen_at DESC
""")


@dataclass(frozen=True, slots=True)
class VisitContext:
    """Session id, click ids and page of a visit; the client's address and user agent stay sealed."""

    session_id: str
    last_touch: dict[str, Any]
    exit_page: str | None
    sealed_client: bytes | None


def visit_context(
    session: Session, tenant_id: int, visitor_id: str, session_id: str | None = None
) -> VisitContext | None:
    """Return the named or latest visit of a visitor, if there is one."""
    query = select(VisitSession).where(VisitSession.tenant_id == tenant_id, VisitSession.visitor_id == visitor_id)
    if session_id:
        query = query.where(VisitSession.session_id == session_id)
    row = session.scalars(query.order_by(VisitSession.last_seen_at.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    fresh = row.sealed_at is not None and row.sealed_at > datetime.now(UTC) - SEAL_DAYS
    return VisitContext(row.session_id, row.last_touch, row.exit_page, row.sealed_client if fresh else None)


def last_snapshots(session: Session, tenant_id: int, visitors: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Visitor → the consent snapshot that the latest visit ended with."""
    rows = session.execute(LAST_SNAPSHOTS, {"tenant": tenant_id, "visitors": list(visitors)})
    return {row.visitor_id: row.final_consent for row in rows}
