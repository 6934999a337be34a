"""Keys, principals and the audit log: who is asking, and what they did."""

from __future__ import annotations

import functools
import hashlib
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.accounts.models import AuditEntry
from core.accounts.models import DataKey as DataKeyRow
from core.db.session import anonymous_session, maintainer_session, tenant_session
from core.security.crypto import DataKey, keyring
from core.security.tokens import key_hash

SITE_CACHE_SECONDS = 60.0

STAFF_PERMISSIONS = frozenset(
    {"view_events", "manage_tracking_codes", "view_deliveries", "manage_connections", "place_orders"}
)
ROLE_PERMISSIONS = {
    "owner": STAFF_PERMISSIONS,
    "admin": STAFF_PERMISSIONS | {"admin"},
    "manager": STAFF_PERMISSIONS,
    "analyst": frozenset({"view_events", "view_deliveries"}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in which marketplace; without ``organizer_id`` for the whole of it."""

    tenant_id: int
    kind: Literal["user", "key", "system"]
    label: str
    organizer_id: int | None = None
    permissions: frozenset[str] = frozenset()
    user_id: int | None = None

    @classmethod
    def system(cls, tenant_id: int, label: str, organizer_id: int | None = None) -> Actor:
        """The installation itself, for commands and jobs; allowed everything."""
        return cls(tenant_id, "system", f"system:{label}", organizer_id, STAFF_PERMISSIONS | {"admin"})


@dataclass(frozen=True, slots=True)
class SiteKey:
    """What a public write key stands for."""

    tenant_id: int
    site_pk: int
    site_id: str
    allowed_origins: tuple[str, ...]
    dnt_policy: str
    uuid_namespace: uuid.UUID
    time_zone: str
    default_currency: str


_sites: dict[str, tuple[float, SiteKey | None]] = {}


def find_site(write_key: str) -> SiteKey | None:
    """Return the site of a write key, or None. Cached for 60 s; an old answer serves while the database is away."""
    cached = _sites.get(write_key)
    if cached and time.monotonic() - cached[0] < SITE_CACHE_SECONDS:
        return cached[1]
    try:
        with anonymous_session() as session:
            row = session.execute(text("SELECT * FROM adrail_find_site(:key)"), {"key": write_key}).one_or_none()
    except OperationalError:
        if cached:
            return cached[1]
        raise
    site = SiteKey(**{**row._asdict(), "allowed_origins": tuple(row.allowed_origins)}) if row else None
    if len(_sites) > 10_000:  # a scan with invented keys must not fill the memory
        _sites.clear()
    _sites[write_key] = (time.monotonic(), site)
    return site


def forget_sites() -> None:
    """Drop the cache of write keys in this process."""
    _sites.clear()


def authenticate_key(key: str) -> Actor | None:
    """Return who a bearer key (server or organiser) acts as; None when unknown, expired or revoked."""
    with anonymous_session() as session:
        row = session.execute(text("SELECT * FROM adrail_find_api_key(:hash)"), {"hash": key_hash(key)}).one_or_none()
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= datetime.now(UTC)):
        return None
    return Actor(row.tenant_id, "key", f"key:{row.id}", row.organizer_id, frozenset(row.scopes))


@functools.lru_cache(maxsize=4096)
def tenant_key(tenant_id: int | None) -> DataKey:
    """The data key of a tenant, or of the installation for None; raises `LookupError` when there is none."""
    with anonymous_session() if tenant_id is None else tenant_session(tenant_id) as session:
        wrapped = session.scalar(
            select(DataKeyRow.wrapped_key).where(DataKeyRow.tenant_id.is_not_distinct_from(tenant_id))
        )
    if wrapped is None:
        raise LookupError(f"no data key for tenant {tenant_id}; run `adrail migrate`")
    return DataKey.unwrap(keyring(), wrapped)


def ensure_installation_key() -> None:
    """Create the installation's data key when it is missing."""
    with maintainer_session() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(20262027)"))
        if session.scalar(select(DataKeyRow.id).where(DataKeyRow.tenant_id.is_(None))) is None:
            session.add(DataKeyRow(tenant_id=None, wrapped_key=DataKey.create(keyring())[1]))


def record_audit(
    session: Session, actor: Actor, action: str, subject: str, detail: dict[str, Any] | None = None
) -> None:
    """Append to the tenant's audit log in the caller's transaction; ``detail`` must hold no secret and no PII."""
    # The chain needs one writer at a time per tenant.
    session.execute(text("SELECT pg_advisory_xact_lock(20262028, :tenant)"), {"tenant": actor.tenant_id % 2**31})
    previous = session.scalar(
        select(AuditEntry.hash).where(AuditEntry.tenant_id == actor.tenant_id).order_by(AuditEntry.id.desc()).limit(1)
    )
    now = datetime.now(UTC)
    body = [actor.tenant_id, now.isoformat(), actor.label, action, subject, detail or {}]
    session.add(
        AuditEntry(
            tenant_id=actor.tenant_id,
            at=now,
            actor=actor.label,
            action=action,
            subject=subject,
            detail=detail or {},
            previous_hash=previous or b"",
            hash=hashlib.sha256((previous or b"") + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest(),
        )
    )
    session.flush()


def touch_key(actor: Actor) -> None:
    """Remember when a key was last used."""
    key_id = int(actor.label.partition(":")[2])
    with tenant_session(actor.tenant_id) as session:
        session.execute(
            text(
                "UPDATE api_keys SET last_used_at = now() WHERE id = :id"
                " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
            ),
            {"id": key_id},
        )
