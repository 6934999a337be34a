"""Which destinations tracking events became, and how each stands."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.delivery.models import Delivery
from core.delivery.queries import own_rows


@dataclass(frozen=True, slots=True)
class Destination:
    """One delivery that an event became."""

    delivery_id: int
    provider: str
    public_id: str
    canonical: str
    state: str
    reason: str | None


def destinations_of(actor: Actor, event_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Destination]]:
    """Event id → what it became, oldest first; events that became nothing are left out."""
    query = (
        select(
            Delivery.event_id,
            Delivery.id,
            Delivery.provider,
            Delivery.public_id,
            Delivery.canonical,
            Delivery.state,
            Delivery.reason,
        )
        .where(*own_rows(actor), Delivery.event_id.in_(event_ids))
        .order_by(Delivery.id)
    )
    found: dict[uuid.UUID, list[Destination]] = {}
    with tenant_session(actor.tenant_id) as session:
        for row in session.execute(query) if event_ids else ():
            made = Destination(row.id, row.provider, row.public_id, row.canonical, row.state, row.reason)
            found.setdefault(row.event_id, []).append(made)
    return found
