"""Tables of the event store: events and their keys, sessions, identity links, outbox, rejects, own events."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous


class TrackingEvent(HasTenant, Base):
    """An accepted tracking event; partitioned by month of ``occurred_at``. See the envelope for the fields."""

    __tablename__ = "tx_events"
    __table_args__ = (
        Index("ix_tx_events_name", "tenant_id", "event_name", "occurred_at"),
        Index(
            "ix_tx_events_person",
            "tenant_id",
            "person_id",
            "occurred_at",
            postgresql_where=text("person_id IS NOT NULL"),
        ),
        Index("ix_tx_events_visitor", "tenant_id", "visitor_id", "occurred_at"),
        Index("ix_tx_events_time", "tenant_id", "occurred_at", postgresql_using="brin"),
        Index(
            "ix_tx_events_entity", "tenant_id", "event_entity_id", postgresql_where=text("event_entity_id IS NOT NULL")
        ),
        Index("ix_tx_events_order", "tenant_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )

    tenant_id: Mapped[int] = plain(BigInteger, primary_key=True)
    event_id: Mapped[uuid.UUID] = plain(primary_key=True)
    trusted: Mapped[bool] = plain(Boolean, primary_key=True)
    occurred_at: Mapped[datetime] = plain(primary_key=True)
    event_name: Mapped[str] = plain(Text)
    event_version: Mapped[int] = plain(SmallInteger)
    claimed_at: Mapped[datetime] = plain(comment="the sender's own clock, before skew correction")
    received_at: Mapped[datetime] = plain()
    ingested_at: Mapped[datetime] = plain(server_default=func.now())
    local_date: Mapped[date] = plain(Date)
    site_id: Mapped[str | None] = plain(Text)
    source_system: Mapped[str] = plain(Text)
    visitor_id: Mapped[str | None] = pseudonymous(Text)
    session_id: Mapped[str | None] = pseudonymous(Text)
    sequence_no: Mapped[int | None] = plain(BigInteger)
    person_external_id: Mapped[str | None] = pseudonymous(Text)
    person_id: Mapped[int | None] = pseudonymous(BigInteger)
    consent: Mapped[dict[str, Any]] = plain(JSONB)
    context: Mapped[dict[str, Any]] = pseudonymous(JSONB)
    entities: Mapped[dict[str, Any]] = plain(JSONB)
    payload: Mapped[dict[str, Any]] = pseudonymous(JSONB)
    idempotency_key: Mapped[str | None] = plain(Text)
    prev_event_id: Mapped[uuid.UUID | None] = plain()
    event_entity_id: Mapped[str | None] = plain(Text)
    order_id: Mapped[str | None] = plain(Text)
    amount: Mapped[Decimal | None] = plain(Numeric(18, 4))
    currency: Mapped[str | None] = plain(Text)
    is_bot: Mapped[bool] = plain(Boolean, server_default=text("false"))
    client_network: Mapped[str | None] = pseudonymous(Text, comment="address cut to /24 or /48")
    country: Mapped[str | None] = pseudonymous(Text)
    browser: Mapped[str | None] = pseudonymous(Text)
    os: Mapped[str | None] = pseudonymous(Text)
    device_type: Mapped[str | None] = pseudonymous(Text)


class EventKey(Base):
    """Makes an event id unique per tenant and trust for 120 days, across partitions."""

    __tablename__ = "tx_event_keys"
    __table_args__ = (Index("ix_tx_event_keys_age", "received_at", postgresql_using="brin"),)

    tenant_id: Mapped[int] = plain(BigInteger, primary_key=True)
    trusted: Mapped[bool] = plain(Boolean, primary_key=True)
    event_id: Mapped[uuid.UUID] = plain(primary_key=True)
    received_at: Mapped[datetime] = plain()


class EventIdempotencyKey(Base):
    """Makes a sender's idempotency key unique per tenant and trust for 120 days."""

    __tablename__ = "tx_idempotency_keys"
    __table_args__ = (Index("ix_tx_idempotency_keys_age", "received_at", postgresql_using="brin"),)

    tenant_id: Mapped[int] = plain(BigInteger, primary_key=True)
    trusted: Mapped[bool] = plain(Boolean, primary_key=True)
    idempotency_key: Mapped[str] = plain(Text, primary_key=True)
    event_id: Mapped[uuid.UUID] = plain()
    received_at: Mapped[datetime] = plain()


class VisitSession(Base):
    """One visit: a session id of one visitor, with first and last touch."""

    __tablename__ = "tx_sessions"
    __table_args__ = (
        Index("ix_tx_sessions_visitor", "tenant_id", "visitor_id", "last_seen_at"),
        Index("ix_tx_sessions_sealed", "sealed_at", postgresql_where=text("sealed_client IS NOT NULL")),
    )

    tenant_id: Mapped[int] = plain(BigInteger, primary_key=True)
    session_id: Mapped[str] = pseudonymous(Text, primary_key=True)
    visitor_id: Mapped[str] = pseudonymous(Text)
    first_seen_at: Mapped[datetime] = plain()
    last_seen_at: Mapped[datetime] = plain()
    first_touch: Mapped[dict[str, Any]] = pseudonymous(JSONB, server_default=text("'{}'"))
    last_touch: Mapped[dict[str, Any]] = pseudonymous(JSONB, server_default=text("'{}'"))
    initial_consent: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    final_consent: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    events: Mapped[int] = plain(Integer, server_default="0")
    last_sequence_no: Mapped[int | None] = plain(BigInteger)
    landing_page: Mapped[str | None] = pseudonymous(Text)
    exit_page: Mapped[str | None] = pseudonymous(Text)
    country: Mapped[str | None] = pseudonymous(Text)
    device_type: Mapped[str | None] = pseudonymous(Text)
    converted: Mapped[bool] = plain(Boolean, server_default=text("false"))
    revenue: Mapped[Decimal | None] = plain(Numeric(18, 4))
    currency: Mapped[str | None] = plain(Text)
    sealed_client: Mapped[bytes | None] = personal(LargeBinary, retention="7_days", eraser="overwrite", seal="client")
    sealed_at: Mapped[datetime | None] = plain()


class IdentityLink(HasId, HasTenant, Base):
    """Visitor and person belong together from ``linked_at`` until ``unlinked_at``.

    ``person_external_id`` is the name the person came under, ``person_id`` who that is now: persons are merged.
    """

    __tablename__ = "tx_identity_links"
    __table_args__ = (
        Index(None, "tenant_id", "visitor_id"),
        Index(None, "tenant_id", "person_id"),
        Index(
            "uq_tx_identity_links_open",
            "tenant_id",
            "visitor_id",
            "person_external_id",
            unique=True,
            postgresql_where=text("unlinked_at IS NULL"),
        ),
    )

    visitor_id: Mapped[str] = pseudonymous(Text)
    person_id: Mapped[int] = pseudonymous(BigInteger)
    person_external_id: Mapped[str | None] = pseudonymous(Text)
    confidence: Mapped[int] = plain(SmallInteger, server_default="100")
    source: Mapped[str] = plain(Text)
    order_id: Mapped[str | None] = plain(Text)
    linked_at: Mapped[datetime] = plain()
    unlinked_at: Mapped[datetime | None] = plain()


class OutboxRow(HasId, HasTenant, HasCreated, Base):
    """Something to tell others because a row was written: an event for the stream, or changed configuration."""

    __tablename__ = "event_outbox"

    topic: Mapped[str] = plain(Text)
    payload: Mapped[dict[str, Any]] = pseudonymous(JSONB, retention="until_relayed", eraser="delete_row")
    sealed_client: Mapped[bytes | None] = personal(
        LargeBinary, retention="until_relayed", eraser="delete_row", seal="client"
    )


class RejectedEvent(HasId, HasTenant, HasCreated, Base):
    """An event that was not accepted, encrypted, with the reasons; kept 30 days.

    ``group_key`` is equal for events with the same name and the same problems at the same places. ``state`` is
    ``open``, ``replayed``, ``blocked`` (no consent when it was replayed) or ``discarded``.
    """

    __tablename__ = "tx_rejected_events"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'replayed', 'blocked', 'discarded')", name="state"),
        Index(None, "tenant_id", "created_at"),
        Index("ix_tx_rejected_events_group", "tenant_id", "state", "group_key", "id"),
    )

    site_id: Mapped[str | None] = plain(Text)
    event_name: Mapped[str | None] = plain(Text)
    code: Mapped[str] = plain(Text)
    problems: Mapped[list[dict[str, Any]]] = plain(JSONB)
    sealed_event: Mapped[bytes] = personal(LargeBinary, retention="30_days", eraser="delete_row", seal="reject")
    received_at: Mapped[datetime] = plain()
    group_key: Mapped[str] = plain(Text, server_default="")
    trusted: Mapped[bool] = plain(Boolean, server_default=text("false"))
    flags: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    sealed_client: Mapped[bytes | None] = personal(LargeBinary, retention="7_days", eraser="overwrite", seal="client")
    state: Mapped[str] = plain(Text, server_default="open")
    settled_at: Mapped[datetime | None] = plain()
    settled_by: Mapped[str | None] = plain(Text, comment="label of the actor")


class CustomEvent(HasId, HasTenant, HasCreated, Base):
    """One version of an event that a marketplace defined itself; ``fields`` is the whole list of that version."""

    __tablename__ = "custom_events"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name", "version"),
        CheckConstraint("name LIKE 'custom.%'", name="name"),
    )

    name: Mapped[str] = plain(Text)
    version: Mapped[int] = plain(SmallInteger)
    description: Mapped[str] = plain(Text)
    sources: Mapped[list[str]] = plain(JSONB)
    scope: Mapped[str] = plain(Text)
    fields: Mapped[list[dict[str, Any]]] = plain(JSONB)
    example: Mapped[dict[str, Any]] = plain(JSONB)
    retired_at: Mapped[datetime | None] = plain()


class CollectionDay(HasId, HasTenant, Base):
    """How many events of one site and local day arrived, and how many of those numbered before them did not."""

    __tablename__ = "collection_days"
    __table_args__ = (UniqueConstraint("tenant_id", "day", "site_id"),)

    day: Mapped[date] = plain(Date)
    site_id: Mapped[str] = plain(Text, comment="empty: the event named no site")
    visitors: Mapped[int] = plain(Integer)
    received: Mapped[int] = plain(BigInteger)
    missing: Mapped[int] = plain(BigInteger)
    computed_at: Mapped[datetime] = plain()
