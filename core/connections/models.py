"""Platform accounts: state, encrypted credentials, limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain, secret


class Connection(HasId, HasTenant, HasCreated, Base):
    """An account on a platform. Without organiser it is the marketplace's own.

    ``state`` is ``active``, ``needs_reconnect`` (dead credentials) or ``paused`` (by a person).
    """

    __tablename__ = "connections"
    __table_args__ = (
        UniqueConstraint("tenant_id", "organizer_id", "provider", "account_id", postgresql_nulls_not_distinct=True),
    )

    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    provider: Mapped[str] = plain(Text)
    account_id: Mapped[str] = plain(Text)
    settings: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    secret_ciphertext: Mapped[bytes] = secret(LargeBinary)
    secret_set_at: Mapped[datetime] = plain(server_default=func.now())
    state: Mapped[str] = plain(Text, server_default="active")
    state_reason: Mapped[str | None] = plain(Text)
    state_code: Mapped[str | None] = plain(Text)
    state_since: Mapped[datetime] = plain(server_default=func.now())
    resume_at: Mapped[datetime | None] = plain(comment="throttled until then")
    version: Mapped[int] = plain(Integer, server_default="1")
