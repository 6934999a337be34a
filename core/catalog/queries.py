"""Reading the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from core.accounts.api import Actor, OrganizerView, organizers
from core.catalog.models import LiveEvent, TicketType, Venue
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class LiveEventView:
    """A live event with the names that pages show; prices are major units of ``currency``."""

    id: int
    external_id: str
    slug: str
    title: str
    description: str
    genre: str | None
    organizer_id: int
    organizer_external_id: str
    organizer_name: str
    venue_name: str | None
    city: str | None
    starts_at: datetime
    doors_at: datetime | None
    status: str
    currency: str
    price_from: Decimal | None
    price_to: Decimal | None


@dataclass(frozen=True, slots=True)
class TicketTypeView:
    """A ticket type; ``left`` is None without a quota."""

    external_id: str
    name: str
    category: str
    price: Decimal
    currency: str
    left: int | None


def list_live_events(
    actor: Actor | int, *, search: str = "", upcoming: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[LiveEventView]:
    """Live events by start, soonest first. An actor of one organiser sees its own; an int is a whole tenant."""
    tenant_id = actor if isinstance(actor, int) else actor.tenant_id
    query = _select(tenant_id)
    if isinstance(actor, Actor) and actor.organizer_id is not None:
        query = query.where(LiveEvent.organizer_id == actor.organizer_id)
    if search:
        query = query.where(func.lower(LiveEvent.title).contains(search.lower(), autoescape=True))
    if upcoming:
        query = query.where(LiveEvent.starts_at >= datetime.now(UTC))
    after = decode_cursor(cursor, datetime, int)
    if after:
        query = query.where(tuple_(LiveEvent.starts_at, LiveEvent.id) > after)
    limit = clamp(limit)
    views = _views(tenant_id, query.order_by(LiveEvent.starts_at, LiveEvent.id).limit(limit + 1))
    more = len(views) > limit
    views = views[:limit]
    return Page(views, encode_cursor(views[-1].starts_at, views[-1].id) if more else None)


def get_live_event(
    tenant_id: int, *, slug: str | None = None, external_id: str | None = None, live_event_id: int | None = None
) -> LiveEventView:
    """Return one live event by slug, external id or id; raises `NotFoundError`."""
    query = _select(tenant_id)
    if slug is not None:
        query = query.where(LiveEvent.slug == slug)
    elif external_id is not None:
        query = query.where(LiveEvent.external_id == external_id)
    else:
        query = query.where(LiveEvent.id == live_event_id)
    views = _views(tenant_id, query)
    if not views:
        raise NotFoundError("there is no such live event in this marketplace")
    return views[0]


def get_live_events(tenant_id: int, external_ids: list[str]) -> list[LiveEventView]:
    """The live events with these external ids that exist, in no particular order."""
    return _views(tenant_id, _select(tenant_id).where(LiveEvent.external_id.in_(external_ids)))


def ticket_types(tenant_id: int, live_event_id: int) -> list[TicketTypeView]:
    """Ticket types of a live event, cheapest first."""
    query = (
        select(TicketType, LiveEvent.currency)
        .join(LiveEvent, LiveEvent.id == TicketType.live_event_id)
        .where(TicketType.tenant_id == tenant_id, TicketType.live_event_id == live_event_id)
        .order_by(TicketType.price, TicketType.id)
    )
    with tenant_session(tenant_id) as session:
        return [
            TicketTypeView(
                row.external_id,
                row.name,
                row.category,
                row.price,
                currency,
                None if row.quota is None else max(row.quota - row.sold, 0),
            )
            for row, currency in session.execute(query)
        ]


def _select(tenant_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(LiveEvent, Venue.name, Venue.city)
        .outerjoin(Venue, Venue.id == LiveEvent.venue_id)
        .where(LiveEvent.tenant_id == tenant_id)
    )


def _views(tenant_id: int, query: Select[*tuple[Any, ...]]) -> list[LiveEventView]:
    with tenant_session(tenant_id) as session:
        rows = session.execute(query).all()
    sellers: dict[int, OrganizerView] = {item.id: item for item in organizers(tenant_id)} if rows else {}
    return [_view(row, venue, city, sellers[row.organizer_id]) for row, venue, city in rows]


def _view(row: LiveEvent, venue: str | None, city: str | None, organizer: OrganizerView) -> LiveEventView:
    return LiveEventView(
        row.id,
        row.external_id,
        row.slug,
        row.title,
        row.description,
        row.genre,
        row.organizer_id,
        organizer.external_id,
        organizer.name,
        venue,
        city,
        row.starts_at,
        row.doors_at,
        row.status,
        row.currency,
        row.price_from,
        row.price_to,
    )
