"""From external ids of live events to the rows and organisers behind them, set-based."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.api import organizer_external_ids
from core.catalog.models import LiveEvent


@dataclass(frozen=True, slots=True)
class LiveEventRef:
    """Ids of a live event and its organiser."""

    id: int
    external_id: str
    organizer_id: int
    organizer_external_id: str


def live_event_refs(session: Session, tenant_id: int, external_ids: Collection[str]) -> dict[str, LiveEventRef]:
    """External id → reference, for the live events that exist; two statements however many ids."""
    if not external_ids:
        return {}
    rows = session.execute(
        select(LiveEvent.id, LiveEvent.external_id, LiveEvent.organizer_id).where(
            LiveEvent.tenant_id == tenant_id, LiveEvent.external_id.in_(external_ids)
        )
    ).all()
    organizers = organizer_external_ids(session, tenant_id, {row.organizer_id for row in rows})
    return {
        row.external_id: LiveEventRef(row.id, row.external_id, row.organizer_id, organizers[row.organizer_id])
        for row in rows
    }
