"""Tables of the catalogue: venues, live events, ticket types, persons, orders."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous

Money = Numeric(18, 4)


class Venue(HasId, HasTenant, HasCreated, Base):
    """Where live events take place."""

    __tablename__ = "venues"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"),)

    external_id: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    city: Mapped[str] = plain(Text)
    region: Mapped[str | None] = plain(Text)
    country: Mapped[str] = plain(Text)
    latitude: Mapped[Decimal | None] = plain(Numeric(9, 6))
    longitude: Mapped[Decimal | None] = plain(Numeric(9, 6))
    capacity: Mapped[int | None] = plain(Integer)


class LiveEvent(HasId, HasTenant, HasCreated, Base):
    """What tickets are sold for. ``description`` may be long; prices are major units of ``currency``."""

    __tablename__ = "live_events"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        UniqueConstraint("tenant_id", "slug"),
        Index(None, "tenant_id", "organizer_id", "starts_at"),
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


class TicketType(HasId, HasTenant, HasCreated, Base):
    """One kind of ticket of a live event; ``price`` in the live event's currency."""

    __tablename__ = "ticket_types"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"), Index(None, "tenant_id", "live_event_id"))

    external_id: Mapped[str] = plain(Text)
    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"))
    name: Mapped[str] = plain(Text)
    category: Mapped[str] = plain(Text)
    price: Mapped[Decimal] = plain(Money)
    quota: Mapped[int | None] = plain(Integer)
    sold: Mapped[int] = plain(Integer, server_default="0")


class Person(HasId, HasTenant, HasCreated, Base):
    """A known customer. Clear identifiers are ciphertext; the two indexes are keyed hashes for look-up."""

    __tablename__ = "persons"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "email_index"),
        Index(None, "tenant_id", "phone_index"),
    )

    external_id: Mapped[str] = pseudonymous(Text, retention="while_customer")
    person_ref: Mapped[uuid.UUID] = pseudonymous(server_default=func.gen_random_uuid(), eraser="delete_mapping")
    email_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    email_index: Mapped[bytes | None] = personal(LargeBinary)
    phone_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    phone_index: Mapped[bytes | None] = personal(LargeBinary)
    first_name_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    last_name_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    city: Mapped[str | None] = pseudonymous(Text, retention="while_customer")
    country: Mapped[str | None] = pseudonymous(Text, retention="while_customer")


class Order(HasId, HasTenant, HasCreated, Base):
    """What was bought. Totals are major units of ``currency``; ``consent`` is the order's own statement."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "person_id"),
        Index(None, "tenant_id", "placed_at"),
    )

    external_id: Mapped[str] = plain(Text)
    person_id: Mapped[int | None] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="SET NULL"))
    visitor_id: Mapped[str | None] = pseudonymous(Text)
    session_id: Mapped[str | None] = pseudonymous(Text)
    status: Mapped[str] = plain(Text)
    currency: Mapped[str] = plain(Text)
    gross: Mapped[Decimal] = plain(Money)
    net: Mapped[Decimal] = plain(Money)
    fees: Mapped[Decimal] = plain(Money, server_default="0")
    discount: Mapped[Decimal] = plain(Money, server_default="0")
    consent: Mapped[dict[str, Any] | None] = plain(JSONB)
    promo_code: Mapped[str | None] = plain(Text)
    affiliate_id: Mapped[str | None] = plain(Text)
    placed_at: Mapped[datetime] = plain()


class OrderItem(HasId, HasTenant, Base):
    """One line of an order; the organiser is copied so that an order can be split without joins."""

    __tablename__ = "order_items"
    __table_args__ = (UniqueConstraint("tenant_id", "order_id", "line"),)

    order_id: Mapped[int] = plain(BigInteger, ForeignKey("orders.id", ondelete="CASCADE"))
    line: Mapped[str] = plain(Text)
    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id"))
    organizer_id: Mapped[int] = plain(BigInteger, ForeignKey("organizers.id"))
    ticket_type_id: Mapped[int | None] = plain(BigInteger, ForeignKey("ticket_types.id"))
    quantity: Mapped[int] = plain(Integer)
    unit_price: Mapped[Decimal] = plain(Money)
    fees: Mapped[Decimal] = plain(Money, server_default="0")
    discount: Mapped[Decimal] = plain(Money, server_default="0")


class OrderTransition(HasId, HasTenant, Base):
    """One state change of an order; a repeated ``transition_id`` changes nothing."""

    __tablename__ = "order_transitions"
    __table_args__ = (UniqueConstraint("tenant_id", "order_id", "transition_id"),)

    order_id: Mapped[int] = plain(BigInteger, ForeignKey("orders.id", ondelete="CASCADE"))
    transition_id: Mapped[str] = plain(Text)
    status: Mapped[str] = plain(Text)
    refunds: Mapped[list[dict[str, Any]]] = plain(JSONB, server_default=text("'[]'"))
    occurred_at: Mapped[datetime] = plain()
