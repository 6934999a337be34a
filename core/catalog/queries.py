"""Reading the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.api import ORGANIZERS, Actor
from core.catalog.kinds import KINDS
from core.catalog.lists import find_page
from core.catalog.models import LiveEvent, TicketType, Venue
from core.catalog.offer_models import Genre, LiveEventGenre
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page


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
    ends_at: datetime | None
    doors_at: datetime | None
    status: str
    currency: str
    price_from: Decimal | None
    price_to: Decimal | None
    promoted: bool
    translations: Mapping[str, Mapping[str, str]]

    def title_in(self, language: str) -> str:
        """Return the title in a language, or the live event's own."""
        return self.translations.get(language, {}).get("title", self.title)

    def description_in(self, language: str) -> str:
        """Return the description in a language, or the live event's own."""
        return self.translations.get(language, {}).get("description", self.description)


@dataclass(frozen=True, slots=True)
class TicketTypeView:
    """A ticket type; ``price`` is what it costs now, ``left`` is None without a quota."""

    external_id: str
    name: str
    category: str
    price: Decimal
    currency: str
    left: int | None


def list_live_events(
    actor: Actor | int,
    *,
    search: str = "",
    upcoming: bool = False,
    filters: Mapping[str, Any] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[LiveEventView]:
    """Live events by start, soonest first. An actor of one organiser sees its own; an int is a whole tenant.

    ``search`` finds beginnings of words of titles; ``filters`` are `status`, and external ids by `organizer_id`,
    `venue_id`, `genre_id` and `artist_id`.
    """
    who = Actor.system(actor, "catalogue") if isinstance(actor, int) else actor
    wanted = {**(filters or {}), "upcoming": upcoming}
    with tenant_session(who.tenant_id) as session:
        page = find_page(session, who, KINDS["live-events"], search=search, filters=wanted, limit=limit, cursor=cursor)
        return Page(_views(session, who.tenant_id, page.items), page.next_cursor)


def get_live_event(
    tenant_id: int, *, slug: str | None = None, external_id: str | None = None, live_event_id: int | None = None
) -> LiveEventView:
    """Return one live event by slug, external id or id; raises `NotFoundError`."""
    query = select(LiveEvent).where(LiveEvent.tenant_id == tenant_id)
    if slug is not None:
        query = query.where(LiveEvent.slug == slug)
    elif external_id is not None:
        query = query.where(LiveEvent.external_id == external_id)
    else:
        query = query.where(LiveEvent.id == live_event_id)
    with tenant_session(tenant_id) as session:
        views = _views(session, tenant_id, list(session.scalars(query)))
    if not views:
        raise NotFoundError("there is no such live event in this marketplace")
    return views[0]


def get_live_events(tenant_id: int, external_ids: list[str]) -> list[LiveEventView]:
    """The live events with these external ids that exist, in no particular order."""
    with tenant_session(tenant_id) as session:
        return _views(
            session, tenant_id, list(KINDS["live-events"].rows.find(session, tenant_id, external_ids).values())
        )


def ticket_types(tenant_id: int, live_event_id: int) -> list[TicketTypeView]:
    """Ticket types of a live event, cheapest first."""
    query = (
        select(TicketType, LiveEvent.currency)
        .join(LiveEvent, LiveEvent.id == TicketType.live_event_id)
        .where(TicketType.tenant_id == tenant_id, TicketType.live_event_id == live_event_id)
        .order_by(func.coalesce(TicketType.sale_price, TicketType.price), TicketType.id)
    )
    with tenant_session(tenant_id) as session:
        return [
            TicketTypeView(
                row.external_id,
                row.name,
                row.category,
                row.price if row.sale_price is None else row.sale_price,
                currency,
                None if row.quota is None else max(row.quota - row.sold, 0),
            )
            for row, currency in session.execute(query)
        ]


def _views(session: Session, tenant_id: int, rows: Sequence[LiveEvent]) -> list[LiveEventView]:
    """Views of rows, with the names around them from one statement each."""
    sellers = ORGANIZERS.by_id(session, tenant_id, {row.organizer_id for row in rows})
    venues = KINDS["venues"].rows.by_id(session, tenant_id, {row.venue_id for row in rows if row.venue_id})
    genres = _main_genres(session, tenant_id, [row.id for row in rows])
    return [
        _view(row, venues.get(row.venue_id or 0), genres.get(row.id, row.genre), sellers[row.organizer_id])
        for row in rows
    ]


def _main_genres(session: Session, tenant_id: int, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    query = (
        select(LiveEventGenre.live_event_id, Genre.name)
        .join(Genre, Genre.id == LiveEventGenre.genre_id)
        .where(LiveEventGenre.tenant_id == tenant_id, LiveEventGenre.live_event_id.in_(ids))
        .order_by(LiveEventGenre.live_event_id, LiveEventGenre.position.desc())
    )
    return {row.live_event_id: row.name for row in session.execute(query)}


def _view(row: LiveEvent, venue: Venue | None, genre: str | None, organizer: Any) -> LiveEventView:
    return LiveEventView(
        id=row.id,
        external_id=row.external_id,
        slug=row.slug,
        title=row.title,
        description=row.description,
        genre=genre,
        organizer_id=row.organizer_id,
        organizer_external_id=organizer.external_id,
        organizer_name=organizer.name,
        venue_name=venue.name if venue else None,
        city=venue.city if venue else None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        doors_at=row.doors_at,
        status=row.status,
        currency=row.currency,
        price_from=row.price_from,
        price_to=row.price_to,
        promoted=row.promoted,
        translations=row.translations,
    )
