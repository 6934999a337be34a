"""The table of mails to staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous, secret

KEPT_FOR = "90_days"


class Mail(HasId, HasTenant, HasCreated, Base):
    """One mail to a member of staff, or to somebody who is invited; the address is sealed as it was then.

    ``state`` is ``queued``, ``sent``, ``failed`` (refused for good or tried for too long) or ``kept`` (nobody has said
    how to send). ``topic`` is what it is about; ``dedup_key`` makes it unique per reason and person.
    """

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("tenant_id", "dedup_key"),
        Index("ix_mails_topic", "tenant_id", "topic"),
        Index("ix_mails_due", "next_attempt_at", postgresql_where=text("state = 'queued'")),
    )

    user_id: Mapped[int | None] = pseudonymous(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), retention=KEPT_FOR, eraser="delete_row"
    )
    recipient_ciphertext: Mapped[bytes] = personal(LargeBinary, retention=KEPT_FOR, eraser="delete_row")
    kind: Mapped[str] = plain(Text)
    topic: Mapped[str] = plain(Text)
    subject: Mapped[str] = plain(Text)
    body: Mapped[str] = plain(Text)
    secret_ciphertext: Mapped[bytes | None] = secret(
        LargeBinary, comment="the link that belongs into the text; gone once the mail is sent"
    )
    dedup_key: Mapped[str] = plain(Text)
    state: Mapped[str] = plain(Text, server_default="queued")
    attempts: Mapped[int] = plain(Integer, server_default="0")
    next_attempt_at: Mapped[datetime] = plain(server_default=func.now())
    sent_at: Mapped[datetime | None] = plain()
    last_error: Mapped[str | None] = plain(Text, comment="what the mail server answered, without addresses")
