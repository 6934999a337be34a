"""Tables of persons: encrypted identifiers, coarse traits to select by, merges and possible duplicates."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous

STANDING = text("root_id IS NULL")


class Person(HasId, HasTenant, HasCreated, Base):
    """A known customer. Clear identifiers are ciphertext; the two indexes are keyed hashes for look-up.

    A merged person keeps its row: ``merged_into_id`` is the person it was merged into, ``root_id`` the one that stands
    for all of them now. The consent flags are what the ledger says last under any of their names. City and country here
    are from before `PersonTraits`.
    """

    __tablename__ = "persons"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "email_index"),
        Index(None, "tenant_id", "phone_index"),
        Index("ix_persons_standing", "tenant_id", "id", postgresql_where=STANDING),
        Index("ix_persons_merged", "root_id", postgresql_where=text("root_id IS NOT NULL")),
        Index("ix_persons_merged_into", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
    )

    external_id: Mapped[str] = pseudonymous(Text, retention="while_customer")
    person_ref: Mapped[uuid.UUID] = pseudonymous(server_default=func.gen_random_uuid(), eraser="delete_mapping")
    email_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    email_index: Mapped[bytes | None] = personal(LargeBinary)
    phone_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    phone_index: Mapped[bytes | None] = personal(LargeBinary)
    first_name_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    last_name_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    birthday_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    street_address_ciphertext: Mapped[bytes | None] = personal(LargeBinary)
    city: Mapped[str | None] = pseudonymous(Text, retention="while_customer")
    country: Mapped[str | None] = pseudonymous(Text, retention="while_customer")
    merged_into_id: Mapped[int | None] = pseudonymous(
        BigInteger, ForeignKey("persons.id", ondelete="SET NULL"), retention="while_customer"
    )
    root_id: Mapped[int | None] = pseudonymous(
        BigInteger, ForeignKey("persons.id", ondelete="SET NULL"), retention="while_customer"
    )
    marketing_consent: Mapped[bool | None] = plain(Boolean)
    data_processing_consent: Mapped[bool | None] = plain(Boolean)


class PersonTraits(Base):
    """What audiences select by, too coarse to name anybody; narrow, so that whole marketplaces are read quickly."""

    __tablename__ = "person_traits"

    # The person's; that it exists is not looked up for each row again.
    tenant_id: Mapped[int] = plain(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = pseudonymous(
        BigInteger,
        ForeignKey("persons.id", ondelete="CASCADE"),
        primary_key=True,
        retention="while_customer",
        eraser="delete_row",
    )
    city: Mapped[str | None] = pseudonymous(Text, retention="while_customer", eraser="delete_row")
    country: Mapped[str | None] = pseudonymous(Text, retention="while_customer", eraser="delete_row")
    age_band: Mapped[str | None] = pseudonymous(Text, retention="while_customer", eraser="delete_row")
    gender: Mapped[str | None] = pseudonymous(Text, retention="while_customer", eraser="delete_row")


class PersonMerge(HasId, HasTenant, Base):
    """Who was merged into whom, by whom, and whether it was taken back."""

    __tablename__ = "person_merges"
    __table_args__ = (
        Index(None, "tenant_id", "survivor_id"),
        Index(
            "uq_person_merges_open",
            "tenant_id",
            "merged_id",
            unique=True,
            postgresql_where=text("unmerged_at IS NULL"),
        ),
    )

    survivor_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="CASCADE"))
    merged_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="CASCADE"))
    merged_at: Mapped[datetime] = plain(server_default=func.now())
    merged_by: Mapped[str] = plain(Text)
    unmerged_at: Mapped[datetime | None] = plain()
    unmerged_by: Mapped[str | None] = plain(Text)


class PersonDuplicate(HasId, HasTenant, HasCreated, Base):
    """A later person with the same e-mail address or phone number as an earlier one; ``dismissed_at``: not the same."""

    __tablename__ = "person_duplicates"
    __table_args__ = (UniqueConstraint("tenant_id", "person_id", "other_id"), Index(None, "tenant_id", "other_id"))

    person_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="CASCADE"))
    other_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("persons.id", ondelete="CASCADE"))
    reason: Mapped[str] = plain(Text)
    dismissed_at: Mapped[datetime | None] = plain()
