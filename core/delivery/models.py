"""Conversion deliveries: one row per destination, and what each attempt was answered."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous


class Delivery(HasId, HasTenant, HasCreated, Base):
    """One canonical conversion for one destination of one owner.

    ``state`` is ``pending``, ``accepted``, ``ignored`` or ``dead``; ``reason`` says why. ``conversion`` holds what the
    plugin's builder needs except people. ``sealed_client`` (address, user agent) is erased once accepted or ignored,
    and after a week whatever became of it. ``platform_event_id`` is the id shared with the browser pixel.
    ``lease_until`` marks a row some worker is sending.
    """

    __tablename__ = "conversion_deliveries"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "event_id",
            "canonical",
            "provider",
            "public_id",
            "organizer_id",
            name="uq_conversion_deliveries_destination",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("state IN ('pending', 'accepted', 'ignored', 'dead')", name="state"),
        Index(
            "ix_conversion_deliveries_due",
            "connection_id",
            "next_attempt_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_conversion_deliveries_log", "tenant_id", "id"),
        Index("ix_conversion_deliveries_order", "tenant_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("ix_conversion_deliveries_organizer", "tenant_id", "organizer_id", "id"),
        Index("ix_conversion_deliveries_received", "tenant_id", "received_at"),
        Index("ix_conversion_deliveries_dead", "tenant_id", "id", postgresql_where=text("state = 'dead'")),
        Index(
            "ix_conversion_deliveries_live_event",
            "tenant_id",
            "live_event_id",
            "id",
            postgresql_where=text("live_event_id IS NOT NULL"),
        ),
        Index(
            "ix_conversion_deliveries_several",
            "tenant_id",
            "id",
            postgresql_where=text("order_id IS NOT NULL AND live_event_id IS NULL"),
        ),
        Index(
            "ix_conversion_deliveries_ledger",
            "tenant_id",
            "organizer_id",
            "received_at",
            postgresql_include=["state", "reason", "canonical", "provider"],
        ),
        Index("ix_conversion_deliveries_code", "code_id", "settled_at", postgresql_where=text("state = 'accepted'")),
    )

    event_id: Mapped[uuid.UUID] = plain()
    event_name: Mapped[str] = plain(Text)
    occurred_at: Mapped[datetime] = plain()
    received_at: Mapped[datetime] = plain()
    canonical: Mapped[str] = plain(Text)
    platform_event_id: Mapped[str] = plain(Text)
    provider: Mapped[str] = plain(Text)
    public_id: Mapped[str] = plain(Text)
    code_id: Mapped[int] = plain(BigInteger)
    connection_id: Mapped[int] = plain(BigInteger, ForeignKey("connections.id"))
    organizer_id: Mapped[int | None] = plain(BigInteger, comment="None: the marketplace's own account")
    live_event_id: Mapped[str | None] = plain(Text, comment="external id")
    order_id: Mapped[str | None] = plain(Text)
    visitor_id: Mapped[str | None] = pseudonymous(Text)
    person_id: Mapped[int | None] = pseudonymous(BigInteger)
    purpose: Mapped[str] = plain(Text)
    trusted: Mapped[bool] = plain(Boolean)
    consent: Mapped[dict[str, Any]] = plain(JSONB, comment="snapshot that allowed it at accept time")
    consent_receipt: Mapped[dict[str, Any] | None] = plain(JSONB, comment="what was checked when it left")
    conversion: Mapped[dict[str, Any]] = pseudonymous(JSONB)
    sealed_client: Mapped[bytes | None] = personal(
        LargeBinary, retention="until_delivered", eraser="overwrite", seal="client"
    )
    state: Mapped[str] = plain(Text)
    reason: Mapped[str | None] = plain(Text)
    detail: Mapped[str | None] = plain(Text)
    platform_code: Mapped[str | None] = plain(Text)
    platform_ref: Mapped[str | None] = plain(Text)
    attempts: Mapped[int] = plain(Integer, server_default="0")
    next_attempt_at: Mapped[datetime | None] = plain()
    lease_until: Mapped[datetime | None] = plain()
    settled_at: Mapped[datetime | None] = plain()


class DeliveryAttempt(HasId, HasTenant, Base):
    """One try: what was sent (identifiers masked, for 90 days) and what the platform said."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        Index(None, "tenant_id", "delivery_id"),
        Index("ix_delivery_attempts_sent", "at", postgresql_where=text("sent IS NOT NULL")),
    )

    delivery_id: Mapped[int] = plain(BigInteger, ForeignKey("conversion_deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime] = plain()
    duration_ms: Mapped[int] = plain(Integer)
    outcome: Mapped[str] = plain(Text)
    code: Mapped[str | None] = plain(Text)
    message: Mapped[str | None] = plain(Text)
    reference: Mapped[str | None] = plain(Text)
    sent: Mapped[dict[str, Any] | None] = pseudonymous(
        JSONB(none_as_null=True), retention="90_days", eraser="overwrite"
    )
