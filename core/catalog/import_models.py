"""Table of imports: how far each file has come, so that what was interrupted goes on where it stopped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, func, text
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasId, HasTenant, plain


class Import(HasId, HasTenant, Base):
    """One file. ``position`` is where the next chunk starts (bytes, or rows of a Parquet file), ``line`` its number.

    It moves in the transaction that stores the chunk's rows. ``fingerprint`` is of the file, mapping and options.
    """

    __tablename__ = "imports"
    __table_args__ = (
        Index(
            "uq_imports_unfinished",
            "tenant_id",
            "fingerprint",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    kind: Mapped[str] = plain(Text)
    file_name: Mapped[str] = plain(Text)
    fingerprint: Mapped[str] = plain(Text)
    position: Mapped[int] = plain(BigInteger, server_default="0")
    line: Mapped[int] = plain(BigInteger, server_default="1")
    rows_read: Mapped[int] = plain(BigInteger, server_default="0")
    rows_new: Mapped[int] = plain(BigInteger, server_default="0")
    rows_changed: Mapped[int] = plain(BigInteger, server_default="0")
    rows_known: Mapped[int] = plain(BigInteger, server_default="0")
    rows_rejected: Mapped[int] = plain(BigInteger, server_default="0")
    rejects_bytes: Mapped[int] = plain(BigInteger, server_default="0")
    started_at: Mapped[datetime] = plain(server_default=func.now())
    updated_at: Mapped[datetime] = plain(server_default=func.now())
    finished_at: Mapped[datetime | None] = plain()
