"""Set-based writing of catalogue rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.catalog.drafts import read_drafts
from core.catalog.import_orders import ORDER_ROWS
from core.catalog.import_reading import Row
from core.catalog.kinds import KINDS
from core.catalog.models import LiveEvent, TicketType, Venue
from core.catalog.upsert import take


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


def insert_rows(session: Session, tenant_id: int, rows: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    """Create or update rows by kind, as the API takes them; raises `ValueError` for one that is not right."""
    for name, found in rows.items():
        drafts = read_drafts(found)
        take(session, Actor.system(tenant_id, "catalogue"), KINDS[name], drafts)
        for draft in drafts:
            if draft.errors:
                raise ValueError(f"{name} {draft.external_id}: {draft.errors[0].pointer} {draft.errors[0].message}")


def insert_past_orders(session: Session, tenant_id: int, orders: Sequence[dict[str, Any]]) -> None:
    """Store orders that happened, without telling any platform; raises `ValueError` for one that is not right."""
    lines = [Row(number, dict(order)) for number, order in enumerate(orders, start=1)]
    prepared = ORDER_ROWS.prepare(tenant_id, lines, {"run": "past orders"})
    stored = ORDER_ROWS.store(session, tenant_id, prepared.payload, {})
    for reject in (*prepared.rejects, *stored.rejects):
        problem = reject.problems[0]
        raise ValueError(f"order {reject.line}: {problem.pointer} {problem.message}")
