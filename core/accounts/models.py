"""Tables of accounts: tenants, sites, organisers, users, keys, audit log."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.accounts.people_models import (
    Invitation,
    PasswordReset,
    PermissionGrant,
    RecoveryCode,
    Subscription,
    UserSession,
    VerificationRequest,
)
from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous, secret

__all__ = [
    "ApiKey",
    "AuditEntry",
    "DataKey",
    "Invitation",
    "Membership",
    "Organizer",
    "PasswordReset",
    "PermissionGrant",
    "RecoveryCode",
    "Site",
    "Subscription",
    "Tenant",
    "User",
    "UserSession",
    "VerificationRequest",
]


class Tenant(HasId, HasCreated, Base):
    """A marketplace. ``uuid_namespace`` seeds deterministic event ids; ``settings`` are its own overrides."""

    __tablename__ = "tenants"

    slug: Mapped[str] = plain(Text, unique=True)
    name: Mapped[str] = plain(Text)
    uuid_namespace: Mapped[uuid.UUID] = plain(server_default=func.gen_random_uuid())
    default_currency: Mapped[str] = plain(Text)
    time_zone: Mapped[str] = plain(Text)
    settings: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    status: Mapped[str] = plain(Text, server_default="active")


class DataKey(HasId, HasCreated, Base):
    """A random data key, wrapped by a master key; without tenant it belongs to the installation."""

    __tablename__ = "data_keys"
    __table_args__ = (UniqueConstraint("tenant_id", postgresql_nulls_not_distinct=True),)

    tenant_id: Mapped[int | None] = plain(BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"))
    wrapped_key: Mapped[bytes] = secret(LargeBinary, seal="data-key")


class Site(HasId, HasTenant, HasCreated, Base):
    """One website of a marketplace. The write key is public: it collects only, and only from these origins."""

    __tablename__ = "sites"
    __table_args__ = (UniqueConstraint("tenant_id", "site_id"),)

    site_id: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    allowed_origins: Mapped[list[str]] = plain(ARRAY(Text), server_default=text("'{}'"))
    write_key: Mapped[str] = plain(Text, unique=True)
    dnt_policy: Mapped[str] = plain(Text, server_default="no_marketing")
    visitor_cookie: Mapped[bool] = plain(server_default=false())
    cookie_domain: Mapped[str | None] = plain(Text, comment="none: the host that asks, alone")
    previous_write_key: Mapped[str | None] = plain(Text, unique=True)
    previous_write_key_until: Mapped[datetime | None] = plain()


class Organizer(HasId, HasTenant, HasCreated, Base):
    """Sells tickets through a marketplace."""

    __tablename__ = "organizers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        UniqueConstraint("tenant_id", "slug"),
        Index(None, "tenant_id", "name", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    slug: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    status: Mapped[str] = plain(Text, server_default="active")


class User(HasId, HasCreated, Base):
    """A member of staff who signs in; the e-mail address exists as ciphertext and blind index only."""

    __tablename__ = "users"

    email_ciphertext: Mapped[bytes] = personal(LargeBinary)
    email_index: Mapped[bytes] = personal(LargeBinary, unique=True)
    display_name_ciphertext: Mapped[bytes] = personal(LargeBinary)
    password_hash: Mapped[str] = secret(Text)
    locale: Mapped[str] = plain(Text, server_default="en")
    time_zone: Mapped[str | None] = plain(Text, comment="none: the marketplace's")
    totp_ciphertext: Mapped[bytes | None] = secret(LargeBinary, eraser="overwrite")
    totp_since: Mapped[datetime | None] = plain()
    totp_last_step: Mapped[int | None] = plain(BigInteger, comment="no code of this time step or before is taken")
    sign_in_version: Mapped[int] = plain(BigInteger, server_default="1")
    disabled_at: Mapped[datetime | None] = plain()


class Membership(HasId, HasTenant, HasCreated, Base):
    """What a user acts for in a marketplace: the whole of it, one organiser, or another subject by its external id."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "user_id",
            "organizer_id",
            "subject_kind",
            "subject_id",
            name="uq_memberships_subject",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            "(subject_kind IS NULL) = (subject_id IS NULL) AND (subject_kind IS NULL OR organizer_id IS NULL)",
            name="one_subject",
        ),
        Index(None, "user_id"),
        Index(None, "tenant_id", "id"),
    )

    user_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    subject_kind: Mapped[str | None] = plain(Text, comment="artist, venue, label, promoter or ad_account")
    subject_id: Mapped[str | None] = plain(Text)
    account_type: Mapped[str] = plain(Text)
    role: Mapped[str] = plain(Text)
    verification: Mapped[str] = plain(Text, server_default="none")


class ApiKey(HasId, HasTenant, HasCreated, Base):
    """A bearer key (``server``, ``organizer`` or ``scanner``): only its SHA-256 and a readable prefix are kept.

    A scanner key is bound to live event, gate and device. ``replaced_by_id`` is the key that a rotation made.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        Index(None, "tenant_id", "id"),
        Index(None, "expires_at", postgresql_where=text("revoked_at IS NULL")),
        CheckConstraint(
            "kind <> 'scanner' OR (live_event_external_id IS NOT NULL AND gate IS NOT NULL AND device IS NOT NULL)",
            name="scanner_is_bound",
        ),
    )

    kind: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    prefix: Mapped[str] = plain(Text)
    key_hash: Mapped[bytes] = secret(LargeBinary, unique=True)
    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    scopes: Mapped[list[str]] = plain(ARRAY(Text), server_default=text("'{}'"))
    expires_at: Mapped[datetime | None] = plain()
    last_used_at: Mapped[datetime | None] = plain()
    revoked_at: Mapped[datetime | None] = plain()
    created_by: Mapped[str | None] = pseudonymous(Text, retention="7_years", eraser="keep")
    live_event_external_id: Mapped[str | None] = plain(Text)
    gate: Mapped[str | None] = plain(Text)
    device: Mapped[str | None] = plain(Text)
    replaced_by_id: Mapped[int | None] = plain(BigInteger, ForeignKey("api_keys.id", ondelete="SET NULL"))


class AuditEntry(HasId, HasTenant, Base):
    """One mutation by a person or key; each row's hash covers the row before it."""

    __tablename__ = "audit_log"
    __table_args__ = (
        # Two entries after the same one would be two chains.
        UniqueConstraint("tenant_id", "previous_hash"),
        Index(None, "tenant_id", "id"),
        Index(None, "tenant_id", "at", "id"),
        Index(None, "tenant_id", "actor", "at", "id"),
        Index(None, "tenant_id", "action", "at", "id"),
        Index(None, "tenant_id", "subject", "at", "id"),
    )

    at: Mapped[datetime] = plain()
    actor: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    action: Mapped[str] = plain(Text)
    subject: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    detail: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    previous_hash: Mapped[bytes] = plain(LargeBinary)
    hash: Mapped[bytes] = plain(LargeBinary)


class AuditAnchor(HasId, HasTenant, Base):
    """How the audit log ended at a moment, sealed with a key that the database does not know."""

    __tablename__ = "audit_anchors"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    number: Mapped[int] = plain(BigInteger)
    at: Mapped[datetime] = plain()
    entry_id: Mapped[int] = plain(BigInteger)
    entries: Mapped[int] = plain(BigInteger)
    hash: Mapped[bytes] = plain(LargeBinary)
    seal: Mapped[bytes] = plain(LargeBinary)
