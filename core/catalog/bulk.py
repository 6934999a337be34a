"""Set-based writing of catalogue rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.accounts.api import tenant_key
from core.catalog.models import LiveEvent, Person, TicketType, Venue
from core.catalog.persons import encrypted_columns


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


def insert_persons(session: Session, tenant_id: int, persons: Sequence[dict[str, Any]]) -> None:
    """Insert new persons given in clear; they are encrypted here."""
    key = tenant_key(tenant_id)
    rows = [
        {
            "tenant_id": tenant_id,
            "external_id": person["external_id"],
            "city": person.get("city"),
            "country": person.get("country"),
            **encrypted_columns(key, person),
        }
        for person in persons
    ]
    session.execute(insert(Person), rows)
