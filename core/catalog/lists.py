"""Lists of the catalogue: keyset pages that can be searched and filtered, and single rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, false, select, tuple_
from sqlalchemy.orm import Session

from core.accounts.api import ORGANIZERS, Actor
from core.catalog.kinds import Kind
from core.catalog.models import LiveEvent, TicketType, Venue
from core.catalog.offer_models import (
    Affiliate,
    Artist,
    ArtistGenre,
    Genre,
    LiveEventArtist,
    LiveEventGenre,
    TicketLink,
)
from core.catalog.person_names import names_of_person
from core.catalog.shop_models import Product, Shipment, ShopOrder
from core.catalog.wire import wires
from core.catalog.words import has_words, search_words
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor

# SQLAlchemy's comparisons of untyped columns say nothing about their type.
Condition = Any
Filter = Callable[[int, Any], Condition]


def _by(column: Any, model: Any) -> Filter:
    """Rows that refer to the row of ``model`` with an external id."""

    def condition(tenant_id: int, given: Any) -> Condition:
        found = select(model.id).where(model.tenant_id == tenant_id, model.external_id == given)
        return column == found.scalar_subquery()

    return condition


def _linked(owner: Any, other: Any, model: Any) -> Filter:
    """Rows that list the row of ``model`` with an external id."""

    def condition(tenant_id: int, given: Any) -> Condition:
        link = owner.class_
        found = select(model.id).where(model.tenant_id == tenant_id, model.external_id == given).scalar_subquery()
        rows = select(owner).where(link.tenant_id == tenant_id, other == found)
        return link_target(owner).in_(rows)

    return condition


def link_target(owner: Any) -> Any:
    """Return the id column that a link's owner column refers to."""
    return {"artist_genres": Artist.id}.get(owner.class_.__tablename__, LiveEvent.id)


FILTERS: Mapping[str, Mapping[str, Filter]] = {
    "organizers": {},
    "genres": {},
    "venues": {
        "city": lambda _, given: Venue.city == given,
        "country": lambda _, given: Venue.country == given,
    },
    "artists": {"genre_id": _linked(ArtistGenre.artist_id, ArtistGenre.genre_id, Genre)},
    "live-events": {
        "organizer_id": _by(LiveEvent.organizer_id, ORGANIZERS.model),
        "venue_id": _by(LiveEvent.venue_id, Venue),
        "genre_id": _linked(LiveEventGenre.live_event_id, LiveEventGenre.genre_id, Genre),
        "artist_id": _linked(LiveEventArtist.live_event_id, LiveEventArtist.artist_id, Artist),
        "status": lambda _, given: LiveEvent.status == given,
        "from": lambda _, given: LiveEvent.starts_at >= given,
        "to": lambda _, given: LiveEvent.starts_at < given,
        "upcoming": lambda *_: LiveEvent.starts_at >= datetime.now(UTC),
    },
    "ticket-types": {
        "live_event_id": _by(TicketType.live_event_id, LiveEvent),
        "category": lambda _, given: TicketType.category == given,
    },
    "ticket-links": {"live_event_id": _by(TicketLink.live_event_id, LiveEvent)},
    "products": {
        "organizer_id": _by(Product.organizer_id, ORGANIZERS.model),
        "category": lambda _, given: Product.category == given,
    },
    "affiliates": {"status": lambda _, given: Affiliate.status == given},
    "shop-orders": {
        # Merging moves nothing here: orders of a person stand under any of their names.
        "person_id": lambda tenant_id, given: ShopOrder.person_id.in_(names_of_person(tenant_id, given)),
        "status": lambda _, given: ShopOrder.status == given,
        "from": lambda _, given: ShopOrder.placed_at >= given,
        "to": lambda _, given: ShopOrder.placed_at < given,
    },
    "shipments": {
        "shop_order_id": _by(Shipment.shop_order_id, ShopOrder),
        "status": lambda _, given: Shipment.status == given,
    },
}
# Sorted by a moment, not by a text.
MOMENTS = frozenset({"starts_at", "placed_at"})


def list_rows(
    actor: Actor,
    kind: Kind,
    *,
    search: str = "",
    filters: Mapping[str, Any] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[dict[str, Any]]:
    """One page of wire forms: live events by start, orders newest first, the rest by name. Organisers see their own.

    ``search`` finds beginnings of words of names and titles; ``filters`` are named in `FILTERS`.
    """
    with tenant_session(actor.tenant_id) as session:
        page = find_page(session, actor, kind, search=search, filters=filters, limit=limit, cursor=cursor)
        forms = wires(session, actor.tenant_id, kind, page.items)
    return Page([forms[row.id] for row in page.items], page.next_cursor)


def find_page(
    session: Session,
    actor: Actor,
    kind: Kind,
    *,
    search: str = "",
    filters: Mapping[str, Any] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Any]:
    """One page of rows, in the caller's transaction; raises `InvalidInputError` for a foreign cursor."""
    model = kind.rows.model
    query = visible(actor, kind)
    if search.strip():
        words = search_words(session, search)
        if not words:
            return Page([], None)
        query = query.where(*has_words(kind.word, model.id, actor.tenant_id, words))
    for name, given in (filters or {}).items():
        if given not in (None, "", False):
            query = query.where(FILTERS[kind.name][name](actor.tenant_id, given))
    first = getattr(model, kind.sort)
    after = decode_cursor(cursor, datetime if kind.sort in MOMENTS else str, int)
    place = tuple_(first, model.id)
    if after:
        query = query.where(place < after if kind.newest else place > after)
    order = (first.desc(), model.id.desc()) if kind.newest else (first, model.id)
    limit = clamp(limit)
    rows = list(session.scalars(query.order_by(*order).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, encode_cursor(getattr(rows[-1], kind.sort), rows[-1].id) if more else None)


def visible(actor: Actor, kind: Kind) -> Select[Any]:
    """Select the rows of a kind that an actor may see: organisers what is their own, and what all share."""
    model = kind.rows.model
    query = select(model).where(model.tenant_id == actor.tenant_id)
    own = actor.organizer_id
    if own is None:
        return query
    if kind.closed:
        return query.where(false())
    return query.where(OWN[kind.name](actor.tenant_id, own)) if kind.name in OWN else query


def _of_own_events(column: Any) -> Callable[[int, int], Condition]:
    def condition(tenant_id: int, own: int) -> Condition:
        mine = select(LiveEvent.id).where(LiveEvent.tenant_id == tenant_id, LiveEvent.organizer_id == own)
        return column.in_(mine)

    return condition


OWN: Mapping[str, Callable[[int, int], Condition]] = {
    "organizers": lambda _, own: ORGANIZERS.model.id == own,
    "live-events": lambda _, own: LiveEvent.organizer_id == own,
    "ticket-types": _of_own_events(TicketType.live_event_id),
    "ticket-links": _of_own_events(TicketLink.live_event_id),
    "products": lambda _, own: Product.organizer_id == own,
}
"""What makes a row an organiser's own; kinds that are not named are everybody's."""


def find_row(session: Session, actor: Actor, kind: Kind, external_id: str) -> Any:
    """Return one row that the actor may see; raises `NotFoundError`."""
    row = session.scalar(visible(actor, kind).where(kind.rows.model.external_id == external_id))
    if row is None:
        what = kind.word.replace("_", " ")
        raise NotFoundError(f"there is no such {what} in this marketplace")
    return row


def get_row(actor: Actor, kind: Kind, external_id: str) -> dict[str, Any]:
    """Return one row's wire form; raises `NotFoundError`."""
    with tenant_session(actor.tenant_id) as session:
        row = find_row(session, actor, kind, external_id)
        return wires(session, actor.tenant_id, kind, [row])[row.id]


def names_of(actor: Actor, kind: Kind, external_ids: Collection[str]) -> dict[str, str]:
    """External id → name or title of rows that the actor may see, for pages that show references."""
    if not external_ids:
        return {}
    model = kind.rows.model
    query = visible(actor, kind).where(model.external_id.in_(external_ids))
    with tenant_session(actor.tenant_id) as session:
        return {row.external_id: getattr(row, kind.title) for row in session.scalars(query)}
