"""Tables of what persons like: whom they follow, and tastes that were imported with consent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous


class PersonFollow(HasId, HasTenant, HasCreated, Base):
    """A person follows an ``artist``, ``organizer``, ``venue``, ``genre`` or ``live_event``."""

    __tablename__ = "person_follows"
    __table_args__ = (
        UniqueConstraint("tenant_id", "person_id", "subject_kind", "subject_id"),
        Index(None, "tenant_id", "subject_kind", "subject_id"),
        Index(None, "tenant_id", "id"),
    )

    person_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="CASCADE"), eraser="delete_row")
    subject_kind: Mapped[str] = plain(Text)
    subject_id: Mapped[int] = plain(BigInteger)
    since: Mapped[datetime] = plain()


class PersonInterest(HasId, HasTenant, HasCreated, Base):
    """A taste from elsewhere (``source``); without consent, or after ``expires_at``, it may not be used.

    A denial stays until ``expires_at``, without weight, so that an older consent cannot undo it; ``consented_at`` is
    when the person said either.

    ``weight`` is from 0 to 1; ``subject`` is the external id of a genre or artist, or a word of the source's own.
    """

    __tablename__ = "person_interests"
    __table_args__ = (
        UniqueConstraint("tenant_id", "person_id", "source", "subject_kind", "subject"),
        Index(None, "tenant_id", "subject_kind", "subject"),
        Index(None, "tenant_id", "id"),
        Index(None, "expires_at"),
    )

    person_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="CASCADE"), eraser="delete_row")
    source: Mapped[str] = plain(Text)
    subject_kind: Mapped[str] = plain(Text)
    subject: Mapped[str] = pseudonymous(Text, retention="until_expiry", eraser="delete_row")
    weight: Mapped[Decimal] = pseudonymous(
        Numeric(4, 3), server_default="1", retention="until_expiry", eraser="delete_row"
    )
    consent_granted: Mapped[bool] = pseudonymous(Boolean, retention="until_expiry", eraser="delete_row")
    consented_at: Mapped[datetime] = plain()
    expires_at: Mapped[datetime] = plain()
