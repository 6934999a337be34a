"""The table that remembers answers to writes, so that a repeated one is not done twice."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasTenant, plain, pseudonymous


class IdempotencyRecord(HasTenant, HasCreated, Base):
    """The answer to a write that carried ``Idempotency-Key``; kept 48 hours."""

    __tablename__ = "idempotency_records"

    tenant_id: Mapped[int] = plain(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    scope: Mapped[str] = plain(Text, primary_key=True)
    key: Mapped[str] = plain(Text, primary_key=True)
    request_hash: Mapped[bytes] = plain(LargeBinary)
    status: Mapped[int | None] = plain(Integer)
    response: Mapped[bytes | None] = pseudonymous(LargeBinary, retention="48_hours", eraser="delete_row")
