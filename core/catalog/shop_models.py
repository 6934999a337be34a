"""Tables of tickets, and of the shop beside them: products, their orders and shipments."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger as Big
from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.catalog.models import Money
from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous, secret


class Product(HasId, HasTenant, HasCreated, Base):
    """Something sold beside tickets; ``price`` in major units of ``currency``."""

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "category", "id"),
        Index(None, "tenant_id", "name", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    organizer_id: Mapped[int | None] = plain(Big, ForeignKey("organizers.id", ondelete="SET NULL"))
    name: Mapped[str] = plain(Text)
    category: Mapped[str] = plain(Text)
    price: Mapped[Decimal] = plain(Money)
    currency: Mapped[str] = plain(Text)
    seller: Mapped[str] = plain(Text)
    on_sale: Mapped[bool] = plain(Boolean, server_default="true")


class ShopOrder(HasId, HasTenant, HasCreated, Base):
    """An order of products; ``gross`` in major units of ``currency``."""

    __tablename__ = "shop_orders"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "person_id"),
        Index(None, "tenant_id", "placed_at", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    person_id: Mapped[int | None] = pseudonymous(Big, ForeignKey("persons.id", ondelete="SET NULL"))
    visitor_id: Mapped[str | None] = pseudonymous(Text)
    status: Mapped[str] = plain(Text)
    currency: Mapped[str] = plain(Text)
    gross: Mapped[Decimal] = plain(Money)
    shipping: Mapped[Decimal] = plain(Money, server_default="0")
    placed_at: Mapped[datetime] = plain()


class ShopOrderItem(HasId, HasTenant, Base):
    """One line of a shop order."""

    __tablename__ = "shop_order_items"
    __table_args__ = (UniqueConstraint("tenant_id", "shop_order_id", "line"), Index(None, "tenant_id", "product_id"))

    shop_order_id: Mapped[int] = plain(Big, ForeignKey("shop_orders.id", ondelete="CASCADE"))
    line: Mapped[str] = plain(Text)
    product_id: Mapped[int] = plain(Big, ForeignKey("products.id"))
    quantity: Mapped[int] = plain(Integer)
    unit_price: Mapped[Decimal] = plain(Money)


class Shipment(HasId, HasTenant, HasCreated, Base):
    """A parcel of a shop order; a parcel's tracking number leads to a person."""

    __tablename__ = "shipments"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"), Index(None, "tenant_id", "shop_order_id"))

    external_id: Mapped[str] = plain(Text)
    shop_order_id: Mapped[int] = plain(Big, ForeignKey("shop_orders.id", ondelete="CASCADE"))
    carrier: Mapped[str | None] = plain(Text)
    tracking_number: Mapped[str | None] = pseudonymous(Text)
    status: Mapped[str] = plain(Text, server_default="pending")
    shipped_at: Mapped[datetime | None] = plain()
    delivered_at: Mapped[datetime | None] = plain()


class Ticket(HasId, HasTenant, HasCreated, Base):
    """One ticket of an order line; a scan finds it by the hash of its code and so the order, organiser and person."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        UniqueConstraint("tenant_id", "code_hash"),
        Index(None, "tenant_id", "order_item_id"),
        Index(None, "tenant_id", "holder_id"),
    )

    external_id: Mapped[str] = plain(Text)
    order_item_id: Mapped[int] = plain(Big, ForeignKey("order_items.id", ondelete="CASCADE"))
    ticket_type_id: Mapped[int | None] = plain(Big, ForeignKey("ticket_types.id"))
    holder_id: Mapped[int | None] = pseudonymous(Big, ForeignKey("persons.id", ondelete="SET NULL"))
    code_hash: Mapped[bytes | None] = secret(LargeBinary)
    status: Mapped[str] = plain(Text, server_default="valid")
    valid_gate: Mapped[str | None] = plain(Text)
    valid_day: Mapped[date | None] = plain(Date)
