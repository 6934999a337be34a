"""Tables of accounts: tenants, sites, organisers, users, keys, audit log."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, personal, plain, pseudonymous, secret


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


class Organizer(HasId, HasTenant, HasCreated, Base):
    """Sells tickets through a marketplace."""

    __tablename__ = "organizers"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"), UniqueConstraint("tenant_id", "slug"))

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
    sign_in_version: Mapped[int] = plain(BigInteger, server_default="1")
    disabled_at: Mapped[datetime | None] = plain()


class Membership(HasId, HasTenant, HasCreated, Base):
    """What a user may act for in a marketplace: the whole of it, or one organiser."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id", "organizer_id", postgresql_nulls_not_distinct=True),
        Index(None, "user_id"),
    )

    user_id: Mapped[int] = pseudonymous(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    account_type: Mapped[str] = plain(Text)
    role: Mapped[str] = plain(Text)


class ApiKey(HasId, HasTenant, HasCreated, Base):
    """A bearer key (``server`` or ``organizer``): only its SHA-256 and a readable prefix are kept."""

    __tablename__ = "api_keys"

    kind: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    prefix: Mapped[str] = plain(Text)
    key_hash: Mapped[bytes] = secret(LargeBinary, unique=True)
    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    scopes: Mapped[list[str]] = plain(ARRAY(Text), server_default=text("'{}'"))
    expires_at: Mapped[datetime | None] = plain()
    last_used_at: Mapped[datetime | None] = plain()
    revoked_at: Mapped[datetime | None] = plain()


class AuditEntry(HasId, HasTenant, Base):
    """One mutation by a person or key; each row's hash covers the row before it."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "tenant_id", "id"),)

    at: Mapped[datetime] = plain()
    actor: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    action: Mapped[str] = plain(Text)
    subject: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    detail: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    previous_hash: Mapped[bytes] = plain(LargeBinary)
    hash: Mapped[bytes] = plain(LargeBinary)
