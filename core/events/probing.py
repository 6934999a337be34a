"""Finding and removing one event again, for a probe that must leave nothing behind."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select

from core.db.session import maintainer_session
from core.events.models import EventKey, TrackingEvent, VisitSession

AROUND = timedelta(days=1)


def is_stored(tenant_id: int, event_id: uuid.UUID, about: datetime) -> bool:
    """Whether an event of about that time is in the store."""
    with maintainer_session() as session:
        return session.scalar(select(TrackingEvent.event_id).where(_place(tenant_id, event_id, about))) is not None


def remove_event(tenant_id: int, event_id: uuid.UUID, about: datetime, session_id: str) -> None:
    """Remove an event with its visit, of which it was all, and with the key that makes its id unique."""
    with maintainer_session() as session:
        session.execute(delete(TrackingEvent).where(_place(tenant_id, event_id, about)))
        session.execute(delete(EventKey).where(EventKey.tenant_id == tenant_id, EventKey.event_id == event_id))
        session.execute(
            delete(VisitSession).where(VisitSession.tenant_id == tenant_id, VisitSession.session_id == session_id)
        )


def _place(tenant_id: int, event_id: uuid.UUID, about: datetime) -> ColumnElement[bool]:
    # The time leads to one partition or two.
    return and_(
        TrackingEvent.tenant_id == tenant_id,
        TrackingEvent.event_id == event_id,
        TrackingEvent.occurred_at.between(about - AROUND, about + AROUND),
    )
