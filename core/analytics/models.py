"""Tables of sums that dashboards read instead of millions of orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasId, HasTenant, plain

UNIQUE = "uq_sales_hours_scope"


class SalesHour(HasId, HasTenant, Base):
    """What was sold in one hour (UTC) in one currency: by an organiser, or in the whole marketplace for None.

    ``revenue`` is what tickets cost after discounts and refunds, without fees, in major units of ``currency``.
    """

    __tablename__ = "sales_hours"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "organizer_id", "hour", "currency", name=UNIQUE, postgresql_nulls_not_distinct=True
        ),
    )

    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    hour: Mapped[datetime] = plain()
    currency: Mapped[str] = plain(Text)
    orders: Mapped[int] = plain(Integer)
    tickets: Mapped[int] = plain(Integer)
    revenue: Mapped[Decimal] = plain(Numeric(18, 4))


class StaleHour(HasId, HasTenant, Base):
    """An hour whose orders changed after it was summed; rows are only appended by triggers, so writers never wait."""

    __tablename__ = "sales_stale_hours"
    __table_args__ = (Index(None, "tenant_id", "hour"),)

    hour: Mapped[datetime] = plain()
