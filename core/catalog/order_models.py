"""Tables of orders: the order, its lines, and each change of its state."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous

Money = Numeric(18, 4)


class Order(HasId, HasTenant, HasCreated, Base):
    """What was bought. Totals are major units of ``currency``; ``consent`` is the order's own statement.

    ``person_id`` is who stands for the buyer now; ``original_person_id`` the buyer as named, where persons were merged.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index("ix_orders_person", "tenant_id", "person_id", "placed_at", "id"),
        Index("ix_orders_placed", "tenant_id", "placed_at", "id"),
        Index("ix_orders_status", "tenant_id", "status", "placed_at", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    person_id: Mapped[int | None] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="SET NULL"))
    original_person_id: Mapped[int | None] = pseudonymous(BigInteger)
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


class OrderItem(HasId, Base):
    """One line of an order; organiser and time are copied so that an organiser's orders are found without joins."""

    __tablename__ = "order_items"
    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "line"),
        Index("ix_order_items_organizer", "tenant_id", "organizer_id", "placed_at", "order_id"),
        Index("ix_order_items_live_event", "tenant_id", "live_event_id", "placed_at", "order_id"),
    )

    # The order's; that it exists is not looked up for each line again.
    tenant_id: Mapped[int] = plain(BigInteger, nullable=False, sort_order=-9)
    order_id: Mapped[int] = plain(BigInteger, ForeignKey("orders.id", ondelete="CASCADE"))
    line: Mapped[str] = plain(Text)
    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id"))
    organizer_id: Mapped[int] = plain(BigInteger, ForeignKey("organizers.id"))
    ticket_type_id: Mapped[int | None] = plain(BigInteger, ForeignKey("ticket_types.id"))
    quantity: Mapped[int] = plain(Integer)
    unit_price: Mapped[Decimal] = plain(Money)
    fees: Mapped[Decimal] = plain(Money, server_default="0")
    discount: Mapped[Decimal] = plain(Money, server_default="0")
    placed_at: Mapped[datetime] = plain(server_default=func.now())


class OrderTransition(HasId, HasTenant, HasCreated, Base):
    """One state change of an order; a repeated ``transition_id`` changes nothing."""

    __tablename__ = "order_transitions"
    __table_args__ = (UniqueConstraint("tenant_id", "order_id", "transition_id"),)

    order_id: Mapped[int] = plain(BigInteger, ForeignKey("orders.id", ondelete="CASCADE"))
    transition_id: Mapped[str] = plain(Text)
    status: Mapped[str] = plain(Text)
    refunds: Mapped[list[dict[str, Any]]] = plain(JSONB, server_default=text("'[]'"))
    occurred_at: Mapped[datetime] = plain()
