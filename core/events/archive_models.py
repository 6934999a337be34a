"""Tables of the archive: what was written where, and who the references in its files stand for."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous

WRITING, ARCHIVED, RESTORED = "writing", "archived", "restored"


class ArchivePart(HasId, HasTenant, HasCreated, Base):
    """One Parquet file with events of one marketplace and month.

    ``writing``: the rows are in the database still, the file may be half; ``archived``: the rows are in the file alone;
    ``restored``: they are in the database again, until ``kept_until`` at least.
    """

    __tablename__ = "event_archive_parts"
    __table_args__ = (
        Index(None, "tenant_id", "month"),
        CheckConstraint(f"state IN ('{WRITING}', '{ARCHIVED}', '{RESTORED}')", name="state"),
    )

    month: Mapped[date] = plain(Date, comment="its first day, in UTC")
    path: Mapped[str] = plain(Text, comment="below the archive's place")
    state: Mapped[str] = plain(Text)
    rows: Mapped[int] = plain(Integer, server_default="0")
    checksum: Mapped[str | None] = plain(Text, comment="of the rows, whatever their order")
    sha256: Mapped[str | None] = plain(Text, comment="of the file")
    bytes: Mapped[int | None] = plain(BigInteger)
    archived_at: Mapped[datetime | None] = plain()
    restored_at: Mapped[datetime | None] = plain()
    kept_until: Mapped[datetime | None] = plain()


class ArchiveReference(Base):
    """A random stand-in for a visitor or visit in the archive; once the row is gone, nobody can tell who it was."""

    __tablename__ = "archive_references"
    __table_args__ = (UniqueConstraint("tenant_id", "reference"),)

    tenant_id: Mapped[int] = plain(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = plain(Text, primary_key=True, comment="visitor or session")
    subject: Mapped[str] = pseudonymous(Text, primary_key=True, retention="with_archive", eraser="delete_row")
    reference: Mapped[uuid.UUID] = pseudonymous(
        server_default=func.gen_random_uuid(), retention="with_archive", eraser="delete_row"
    )
