"""Tables of payments: the endpoint a provider reports to, and each thing it reported."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Index, LargeBinary, Numeric, Text, UniqueConstraint, Uuid, func, text
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasId, HasTenant, plain, secret

SEAL = "payment-webhook"


class PaymentEndpoint(HasId, HasTenant, Base):
    """Where one provider reports to one marketplace; two secrets count while one is being replaced.

    ``problem`` says what was wrong with the latest message that was signed rightly and could not be understood.
    """

    __tablename__ = "payment_endpoints"
    __table_args__ = (UniqueConstraint("tenant_id", "provider"),)

    provider: Mapped[str] = plain(Text)
    secret_sealed: Mapped[bytes] = secret(LargeBinary, seal=SEAL)
    secret_set_at: Mapped[datetime] = plain(server_default=func.now())
    previous_sealed: Mapped[bytes | None] = secret(LargeBinary, seal=SEAL)
    previous_until: Mapped[datetime | None] = plain()
    received: Mapped[int] = plain(BigInteger, server_default="0")
    unused: Mapped[int] = plain(BigInteger, server_default="0")
    last_received_at: Mapped[datetime | None] = plain()
    last_refused_at: Mapped[datetime | None] = plain()
    problem: Mapped[str | None] = plain(Text)
    problem_at: Mapped[datetime | None] = plain()


class PaymentNotice(HasId, HasTenant, Base):
    """One message about a payment, kept whether or not its order is known. Amounts are major units of ``currency``.

    ``state`` is ``waiting`` (no such order yet), ``matched`` (its tracking event is written) or ``expired`` (nobody
    ever placed that order). ``order_external_id`` is what the message says, or what another one of its payment said.
    """

    __tablename__ = "payment_notices"
    __table_args__ = (
        UniqueConstraint("tenant_id", "provider", "provider_event_id"),
        Index("ix_payment_notices_payment", "tenant_id", "provider", "payment_reference"),
        Index("ix_payment_notices_order", "tenant_id", "order_external_id"),
        Index("ix_payment_notices_open", "tenant_id", "id", postgresql_where=text("state <> 'matched'")),
    )

    provider: Mapped[str] = plain(Text)
    provider_event_id: Mapped[str] = plain(Text)
    kind: Mapped[str] = plain(Text)
    payment_reference: Mapped[str] = plain(Text)
    transition_id: Mapped[str] = plain(Text)
    order_external_id: Mapped[str | None] = plain(Text)
    amount: Mapped[Decimal] = plain(Numeric(18, 4))
    currency: Mapped[str] = plain(Text)
    failure_code: Mapped[str | None] = plain(Text)
    occurred_at: Mapped[datetime] = plain()
    received_at: Mapped[datetime] = plain(server_default=func.now())
    state: Mapped[str] = plain(Text, server_default="waiting")
    settled_at: Mapped[datetime | None] = plain()
    tracking_event_id: Mapped[uuid.UUID | None] = plain(Uuid)
