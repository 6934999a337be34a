"""The table that decides which scheduled job is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasId, plain


class Schedule(HasId, Base):
    """One job at one rhythm; without tenant it serves the installation. ``cron`` is five fields in ``zone``."""

    __tablename__ = "schedules"
    __table_args__ = (
        UniqueConstraint("tenant_id", "job", postgresql_nulls_not_distinct=True),
        Index(None, "next_run_at"),
    )

    tenant_id: Mapped[int | None] = plain(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    job: Mapped[str] = plain(Text)
    queue: Mapped[str] = plain(Text)
    cron: Mapped[str] = plain(Text)
    zone: Mapped[str] = plain(Text)
    next_run_at: Mapped[datetime] = plain()
    last_run_at: Mapped[datetime | None] = plain()
    runs: Mapped[int] = plain(Integer, server_default="0")
