"""What a changed status of a live event means, in numbers, before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from core.accounts.api import Actor
from core.catalog.kinds import KINDS
from core.catalog.lists import find_row
from core.catalog.models import TicketType
from core.catalog.status import NEXT, STOPPED, end_of, refusal
from core.db.session import tenant_session


@dataclass(frozen=True, slots=True)
class Consequences:
    """``sold`` and ``left`` count tickets (``left`` None without quota); ``final`` means there is no way back."""

    before: str
    after: str
    refusal: str | None
    sold: int
    left: int | None
    promoted: bool
    budget: Decimal | None
    currency: str
    stops_ads: bool
    final: bool
    end: datetime


def consequences(actor: Actor, external_id: str, after: str) -> Consequences:
    """Return what changing a live event's status will do; raises `NotFoundError`."""
    with tenant_session(actor.tenant_id) as session:
        row = find_row(session, actor, KINDS["live-events"], external_id)
        query = select(func.sum(TicketType.sold), func.sum(TicketType.quota)).where(
            TicketType.tenant_id == actor.tenant_id, TicketType.live_event_id == row.id
        )
        sold, quota = session.execute(query).one()
    end = end_of(row.starts_at, row.ends_at)
    return Consequences(
        before=row.status,
        after=after,
        refusal=refusal(row.status, after, end) if row.status != after else None,
        sold=int(sold or 0),
        left=None if quota is None else max(int(quota) - int(sold or 0), 0),
        promoted=row.promoted,
        budget=row.promotion_budget,
        currency=row.currency,
        stops_ads=row.status not in STOPPED and after in STOPPED,
        final=not NEXT[after],
        end=end,
    )


def next_statuses(status: str, starts_at: datetime, ends_at: datetime | None) -> tuple[str, ...]:
    """Return the statuses that may follow now."""
    end = end_of(starts_at, ends_at)
    return tuple(after for after in NEXT[status] if refusal(status, after, end) is None)
