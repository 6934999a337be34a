"""What is stored of events: which of some ids, and the latest of one visitor."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.events.models import EventKey, TrackingEvent

LOOK_BACK = timedelta(days=2)
"""How far back a visitor's latest events are looked for; it keeps the look within two partitions."""


@dataclass(frozen=True, slots=True)
class StoredView:
    """One stored event as its sender knows it."""

    event_id: uuid.UUID
    event_name: str
    received_at: datetime
    envelope: dict[str, Any]
    site_id: str | None
    trusted: bool


def known_ids(session: Session, tenant_id: int, event_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of some ids whose event is stored."""
    if not event_ids:
        return set()
    query = select(EventKey.event_id).where(EventKey.tenant_id == tenant_id, EventKey.event_id.in_(event_ids))
    return set(session.scalars(query))


def latest_of_visitor(session: Session, tenant_id: int, visitor_id: str, *, limit: int = 20) -> list[StoredView]:
    """The latest events of a visitor in the last two days, newest first."""
    query = (
        select(TrackingEvent)
        .where(
            TrackingEvent.tenant_id == tenant_id,
            TrackingEvent.visitor_id == visitor_id,
            TrackingEvent.occurred_at > datetime.now(UTC) - LOOK_BACK,
        )
        .order_by(TrackingEvent.occurred_at.desc())
        .limit(limit)
    )
    return [_view(row) for row in session.scalars(query)]


def _view(row: TrackingEvent) -> StoredView:
    envelope = {
        "event_id": str(row.event_id),
        "event_name": row.event_name,
        "event_version": row.event_version,
        "occurred_at": row.occurred_at.isoformat(),
        "source_system": row.source_system,
        "visitor_id": row.visitor_id,
        "session_id": row.session_id,
        "sequence_no": row.sequence_no,
        "consent_snapshot": row.consent,
        "context": row.context,
        "entities": row.entities,
        "payload": row.payload,
    }
    given = {name: value for name, value in envelope.items() if value is not None}
    return StoredView(row.event_id, row.event_name, row.received_at, given, row.site_id, row.trusted)
