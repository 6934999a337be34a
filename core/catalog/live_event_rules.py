"""What holds for live events and ticket types beyond their fields: whose they are, statuses, slugs, prices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import marshmallow as ma
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.api import Actor
from core.catalog.catalog_schemas import ticket_prices
from core.catalog.drafts import Draft
from core.catalog.kinds import Kind
from core.catalog.models import LiveEvent, TicketType
from core.catalog.status import end_of, refusal
from core.catalog.words import MAX_SLUG, slugify
from core.validation import field_problems

FOREIGN = phrase("this id belongs to something that is not yours; use another")
UNKNOWN: Mapping[str, str] = {
    "organizers": phrase(
        "there is no such organizer in this marketplace; send it first, or use the id of one that exists"
    ),
    "venues": phrase("there is no such venue in this marketplace; send it first, or use the id of one that exists"),
    "genres": phrase("there is no such genre in this marketplace; send it first, or use the id of one that exists"),
    "artists": phrase("there is no such artist in this marketplace; send it first, or use the id of one that exists"),
    "live-events": phrase(
        "there is no such live event in this marketplace; send it first, or use the id of one that exists"
    ),
    "products": phrase("there is no such product in this marketplace; send it first, or use the id of one that exists"),
    "shop-orders": phrase("there is no such order of products here; send it first, or use the id of one that exists"),
    "persons": phrase("there is no such person in this marketplace; send it first, or use the id of one that exists"),
}
"""What to say of an id that nothing has, by kind."""


def check_slugs(session: Session, tenant_id: int, kind: Kind, drafts: Sequence[Draft]) -> None:
    """Keep slugs, make missing ones from titles, refuse those that another row has."""
    model = kind.rows.model
    wanted = {draft.index: _wanted_slug(kind, draft) for draft in drafts}
    query = select(model.slug, model.external_id).where(model.tenant_id == tenant_id, model.slug.in_(wanted.values()))
    owners = {row.slug: row.external_id for row in session.execute(query)}
    for draft in drafts:
        slug = wanted[draft.index]
        if owners.get(slug, draft.external_id) != draft.external_id:
            if draft.data["slug"]:
                draft.refuse("/slug", "unique", phrase("another row has this slug; choose another, or leave it out"))
                continue
            digest = hashlib.sha256(draft.external_id.encode()).hexdigest()[:8]
            slug = f"{slug[: MAX_SLUG - 9].rstrip('-')}-{digest}"
        owners[slug] = draft.external_id
        draft.columns["slug"] = slug


def _wanted_slug(kind: Kind, draft: Draft) -> str:
    if draft.data["slug"]:
        return str(draft.data["slug"])
    if draft.row is not None:
        return str(draft.row.slug)
    return slugify(draft.data[kind.title]) or slugify(draft.external_id) or "page"


def check_live_events(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Refuse rows of others, statuses that may not follow, and new currencies under existing prices."""
    prices = _prices(session, actor.tenant_id, [draft.row.id for draft in drafts if draft.row is not None])
    for draft in drafts:
        check_organizer(actor, draft)
        if draft.row is None:
            continue
        why = None
        if draft.data["status"] != draft.row.status:
            end = end_of(draft.data["starts_at"], draft.data["ends_at"])
            why = refusal(draft.row.status, draft.data["status"], end)
        if why:
            draft.refuse("/status", "transition", why)
        if draft.row.id in prices:
            if draft.data["currency"] != draft.row.currency:
                draft.refuse(
                    "/currency",
                    "fixed",
                    phrase("its ticket types have prices in %(value)s; keep it", value=draft.row.currency),
                )
            draft.columns["price_from"], draft.columns["price_to"] = prices[draft.row.id]


def check_organizer(actor: Actor, draft: Draft, *, needed: bool = True) -> None:
    """Refuse a row of another organiser; an organiser's own rows are theirs without saying so."""
    own = actor.organizer_id
    if own is not None:
        if draft.data["organizer_id"] is None:
            draft.columns["organizer_id"] = own
        elif draft.columns.get("organizer_id") not in {own, None}:
            draft.refuse("/organizer_id", "unknown", UNKNOWN["organizers"])
    elif needed and draft.data["organizer_id"] is None:
        draft.refuse("/organizer_id", "required", phrase("say whose live event it is"))


def check_ticket_types(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Refuse ticket types of live events of others, and read prices in the live event's currency."""
    ids = {draft.columns["live_event_id"] for draft in drafts if "live_event_id" in draft.columns}
    query = select(LiveEvent.id, LiveEvent.organizer_id, LiveEvent.currency).where(
        LiveEvent.tenant_id == actor.tenant_id, LiveEvent.id.in_(ids)
    )
    events = {row.id: row for row in session.execute(query)}
    for draft in drafts:
        event = events.get(draft.columns.get("live_event_id", 0))
        if event is None:
            continue
        if actor.organizer_id not in {None, event.organizer_id}:
            draft.refuse("/live_event_id", "unknown", UNKNOWN["live-events"])
            continue
        try:
            ticket_prices(draft.data, event.currency)
        except ma.ValidationError as exc:
            draft.errors.extend(field_problems(exc.messages))
        else:
            draft.columns.update(price=draft.data["price"], sale_price=draft.data["sale_price"])


def follow_prices(session: Session, tenant_id: int, live_event_ids: Iterable[int]) -> None:
    """Set `price_from` and `price_to` of live events to what their ticket types cost."""
    ids = sorted(set(live_event_ids))
    locked = select(LiveEvent.id).where(LiveEvent.id.in_(ids)).order_by(LiveEvent.id).with_for_update(key_share=True)
    session.execute(locked)
    lowest = select(TicketType.live_event_id, *_extremes()).where(
        TicketType.tenant_id == tenant_id, TicketType.live_event_id.in_(ids)
    )
    prices = lowest.group_by(TicketType.live_event_id).subquery()
    session.execute(
        update(LiveEvent)
        .where(
            LiveEvent.id == prices.c.live_event_id,
            LiveEvent.price_from.is_distinct_from(prices.c.low) | LiveEvent.price_to.is_distinct_from(prices.c.high),
        )
        .values(price_from=prices.c.low, price_to=prices.c.high)
        .execution_options(synchronize_session=False)
    )


def _prices(session: Session, tenant_id: int, live_event_ids: Sequence[int]) -> dict[int, tuple[Any, Any]]:
    if not live_event_ids:
        return {}
    query = (
        select(TicketType.live_event_id, *_extremes())
        .where(TicketType.tenant_id == tenant_id, TicketType.live_event_id.in_(live_event_ids))
        .group_by(TicketType.live_event_id)
    )
    return {row.live_event_id: (row.low, row.high) for row in session.execute(query)}


def _extremes() -> tuple[Any, Any]:
    cheapest = func.min(func.coalesce(TicketType.sale_price, TicketType.price))
    return cheapest.label("low"), func.max(TicketType.price).label("high")
