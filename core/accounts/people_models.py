"""Tables around people: sessions, recovery codes, password resets, invitations, verification, grants, subscriptions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous, secret

SHORT = "30_days"


class UserSession(HasId, HasCreated, Base):
    """One browser in which a person is signed in; ends with the row, or with the person's sign-in version."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "membership_id"), Index(None, "expires_at"))

    user_id: Mapped[int] = pseudonymous(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), retention=SHORT, eraser="delete_row"
    )
    membership_id: Mapped[int] = pseudonymous(
        BigInteger, ForeignKey("memberships.id", ondelete="CASCADE"), retention=SHORT, eraser="delete_row"
    )
    token_hash: Mapped[bytes] = secret(LargeBinary, unique=True)
    sign_in_version: Mapped[int] = plain(BigInteger)
    device: Mapped[str] = pseudonymous(Text, retention=SHORT, eraser="delete_row", comment="browser and system, coarse")
    address: Mapped[str] = pseudonymous(Text, retention=SHORT, eraser="delete_row", comment="network, never the host")
    last_seen_at: Mapped[datetime] = plain()
    confirmed_at: Mapped[datetime] = plain(comment="when the password was typed last")
    expires_at: Mapped[datetime] = plain()


class RecoveryCode(HasId, HasCreated, Base):
    """One code that replaces the one-time code of a lost telephone, once; only its keyed hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    user_id: Mapped[int] = pseudonymous(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), retention="while_customer", eraser="delete_row"
    )
    code_hash: Mapped[bytes] = secret(LargeBinary)
    used_at: Mapped[datetime | None] = plain()


class PasswordReset(HasId, HasCreated, Base):
    """A link by which a person chooses a new password, once and within an hour; only its hash is kept."""

    __tablename__ = "password_resets"
    __table_args__ = (Index(None, "user_id"),)

    user_id: Mapped[int] = pseudonymous(
        BigInteger, ForeignKey("users.id", ondelete="CASCADE"), retention=SHORT, eraser="delete_row"
    )
    token_hash: Mapped[bytes] = secret(LargeBinary, unique=True)
    expires_at: Mapped[datetime] = plain()
    used_at: Mapped[datetime | None] = plain()


class Invitation(HasId, HasTenant, HasCreated, Base):
    """Somebody who was asked to join; the address is sealed, of the link only the hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "tenant_id", "id"), Index(None, "tenant_id", "recipient_index"))

    recipient_ciphertext: Mapped[bytes] = personal(LargeBinary, retention="90_days", eraser="delete_row")
    recipient_index: Mapped[bytes] = personal(LargeBinary, retention="90_days", eraser="delete_row")
    token_hash: Mapped[bytes] = secret(LargeBinary, unique=True)
    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    subject_kind: Mapped[str | None] = plain(Text)
    subject_id: Mapped[str | None] = plain(Text)
    account_type: Mapped[str] = plain(Text)
    role: Mapped[str] = plain(Text)
    locale: Mapped[str] = plain(Text)
    invited_by: Mapped[str] = pseudonymous(Text, retention="90_days", eraser="keep")
    sent: Mapped[int] = plain(Integer, server_default="1", comment="how many mails carried a link")
    expires_at: Mapped[datetime] = plain()
    accepted_at: Mapped[datetime | None] = plain()
    withdrawn_at: Mapped[datetime | None] = plain()


class VerificationRequest(HasId, HasTenant, HasCreated, Base):
    """A member's wish for another account type, with what proves it; decided by an administrator."""

    __tablename__ = "verification_requests"
    __table_args__ = (Index(None, "tenant_id", "state", "id"), Index(None, "membership_id"))

    membership_id: Mapped[int] = pseudonymous(
        BigInteger, ForeignKey("memberships.id", ondelete="CASCADE"), retention="while_customer", eraser="delete_row"
    )
    account_type: Mapped[str] = plain(Text)
    level: Mapped[str] = plain(Text)
    statement_ciphertext: Mapped[bytes] = personal(LargeBinary, eraser="delete_row")
    state: Mapped[str] = plain(Text, server_default="waiting", comment="waiting, approved or refused")
    decided_by: Mapped[str | None] = pseudonymous(Text, retention="7_years", eraser="keep")
    decided_at: Mapped[datetime | None] = plain()


class PermissionGrant(HasId, HasTenant, HasCreated, Base):
    """One cell of the matrix of account types and permissions that differs from the default."""

    __tablename__ = "permission_grants"
    __table_args__ = (UniqueConstraint("tenant_id", "account_type", "permission"),)

    account_type: Mapped[str] = plain(Text)
    permission: Mapped[str] = plain(Text)
    granted: Mapped[bool] = plain(Boolean)


class Subscription(HasId, HasTenant, HasCreated, Base):
    """The tier an organiser, artist, venue, … pays for; without a row, or after ``ends_at``, it is the free one."""

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("tenant_id", "subject_kind", "subject_id"),)

    subject_kind: Mapped[str] = plain(Text)
    subject_id: Mapped[str] = plain(Text)
    tier: Mapped[str] = plain(Text)
    ends_at: Mapped[datetime | None] = plain()
