"""Set-based writing of catalogue rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.catalog.models import LiveEvent, TicketType, Venue


def insert_live_events(
    session: Session,
    tenant_id: int,
    venues: Sequence[dict[str, Any]],
    live_events: Sequence[dict[str, Any]],
    ticket_types: Sequence[dict[str, Any]],
) -> None:
    """Insert new venues, live events (``venue``: external id) and ticket types (``live_event``: external id)."""
    rows = [{**row, "tenant_id": tenant_id} for row in venues]
    venue_ids = {
        row.external_id: row.id for row in session.execute(insert(Venue).returning(Venue.external_id, Venue.id), rows)
    }
    rows = [
        {
            **{name: value for name, value in row.items() if name != "venue"},
            "venue_id": venue_ids[row["venue"]],
            "tenant_id": tenant_id,
        }
        for row in live_events
    ]
    event_ids = {
        row.external_id: row.id
        for row in session.execute(insert(LiveEvent).returning(LiveEvent.external_id, LiveEvent.id), rows)
    }
    session.execute(
        insert(TicketType),
        [
            {
                **{name: value for name, value in row.items() if name != "live_event"},
                "live_event_id": event_ids[row["live_event"]],
                "tenant_id": tenant_id,
            }
            for row in ticket_types
        ],
    )
