"""The consent ledger: append-only statements about purposes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Text, func
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasId, HasTenant, plain, pseudonymous


class ConsentEntry(HasId, HasTenant, Base):
    """One purpose granted or denied by one visitor or person; ``subject_id`` is an external id."""

    __tablename__ = "consent_ledger"
    __table_args__ = (
        Index("ix_consent_ledger_subject", "tenant_id", "subject_type", "subject_id", "purpose", "occurred_at"),
    )

    subject_type: Mapped[str] = plain(Text)
    subject_id: Mapped[str] = pseudonymous(Text, retention="proof_of_consent", eraser="hash")
    purpose: Mapped[str] = plain(Text)
    granted: Mapped[bool] = plain(Boolean)
    text_hash: Mapped[str | None] = plain(Text)
    region: Mapped[str | None] = plain(Text)
    source: Mapped[str] = plain(Text)
    occurred_at: Mapped[datetime] = plain()
    received_at: Mapped[datetime] = plain(server_default=func.now())
