"""Tables of the catalogue: venues, live events, ticket types."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain

Money = Numeric(18, 4)


class Venue(HasId, HasTenant, HasCreated, Base):
    """Where live events take place."""

    __tablename__ = "venues"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "city", "name", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    city: Mapped[str] = plain(Text)
    region: Mapped[str | None] = plain(Text)
    country: Mapped[str] = plain(Text)
    latitude: Mapped[Decimal | None] = plain(Numeric(9, 6))
    longitude: Mapped[Decimal | None] = plain(Numeric(9, 6))
    capacity: Mapped[int | None] = plain(Integer)


class LiveEvent(HasId, HasTenant, HasCreated, Base):
    """What tickets are sold for. ``description`` may be long; prices are major units of ``currency``.

    ``translations`` holds {language: {title, description}}; ``genre`` is a word from before genres had rows of their
    own, shown only where a live event has none of those.
    """

    __tablename__ = "live_events"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        UniqueConstraint("tenant_id", "slug"),
        Index(None, "tenant_id", "organizer_id", "starts_at"),
        Index(None, "tenant_id", "starts_at", "id"),
        Index(None, "tenant_id", "status", "starts_at", "id"),
        Index(None, "tenant_id", "venue_id", "starts_at", "id"),
        Index("ix_live_events_running", "starts_at", postgresql_where=text("status IN ('on_sale', 'sold_out')")),
    )

    external_id: Mapped[str] = plain(Text)
    organizer_id: Mapped[int] = plain(BigInteger, ForeignKey("organizers.id"))
    venue_id: Mapped[int | None] = plain(BigInteger, ForeignKey("venues.id"))
    slug: Mapped[str] = plain(Text)
    title: Mapped[str] = plain(Text)
    description: Mapped[str] = plain(Text, server_default="")
    genre: Mapped[str | None] = plain(Text)
    starts_at: Mapped[datetime] = plain()
    ends_at: Mapped[datetime | None] = plain()
    doors_at: Mapped[datetime | None] = plain()
    status: Mapped[str] = plain(Text, server_default="on_sale")
    currency: Mapped[str] = plain(Text)
    price_from: Mapped[Decimal | None] = plain(Money)
    price_to: Mapped[Decimal | None] = plain(Money)
    translations: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    promoted: Mapped[bool] = plain(Boolean, server_default="false")
    promotion_budget: Mapped[Decimal | None] = plain(Money)


class TicketType(HasId, HasTenant, HasCreated, Base):
    """One kind of ticket of a live event; ``price`` and the lower ``sale_price`` in the live event's currency."""

    __tablename__ = "ticket_types"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "live_event_id"),
        Index(None, "tenant_id", "name", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"))
    name: Mapped[str] = plain(Text)
    category: Mapped[str] = plain(Text)
    price: Mapped[Decimal] = plain(Money)
    sale_price: Mapped[Decimal | None] = plain(Money)
    quota: Mapped[int | None] = plain(Integer)
    sold: Mapped[int] = plain(Integer, server_default="0")
