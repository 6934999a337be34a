"""Background job of keys: tell people before a key ends; it may run twice without harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.accounts.models import ApiKey, Organizer, Tenant
from core.config import settings
from core.db.session import maintainer_session, tenant_session
from core.notifications.api import Audience, notify

WARNINGS = (timedelta(days=2), timedelta(days=14))
"""How long before its end people hear of it, the nearest first."""


def warn() -> int:
    """Write a mail about every key that ends in 14 or 2 days, to those who look after it; returns how many mails."""
    now = datetime.now(UTC)
    with maintainer_session() as session:
        tenants = session.scalars(_ending(now).with_only_columns(ApiKey.tenant_id).distinct()).all()
    return sum(_warn_tenant(tenant_id, now) for tenant_id in tenants)


def _ending(now: datetime) -> Select[ApiKey]:
    # One that was replaced ends on purpose.
    return select(ApiKey).where(
        ApiKey.revoked_at.is_(None),
        ApiKey.replaced_by_id.is_(None),
        ApiKey.expires_at > now,
        ApiKey.expires_at <= now + WARNINGS[-1],
    )


def _warn_tenant(tenant_id: int, now: datetime) -> int:
    with tenant_session(tenant_id) as session:
        tenant = session.get_one(Tenant, tenant_id)
        rows = session.scalars(_ending(now).where(ApiKey.tenant_id == tenant_id)).all()
        return sum(_warn_of(session, tenant, row, now) for row in rows)


def _warn_of(session: Session, tenant: Tenant, row: ApiKey, now: datetime) -> int:
    end = row.expires_at
    if end is None:
        return 0
    span = next(span for span in WARNINGS if end <= now + span)
    if end - row.created_at <= span:  # whoever makes a key for a day needs no mail about it
        return 0
    owner = session.get(Organizer, row.organizer_id) if row.organizer_id else None
    data = {
        "key": row.name,
        "prefix": row.prefix,
        "owner": owner.name if owner else tenant.name,
        "marketplace": tenant.name,
        "end": end.isoformat(),
        "zone": tenant.time_zone,
        "link": f"{settings().base_url}/keys/{row.id}",
    }
    occasion = f"{span.days}|{end.isoformat()}"
    return notify(
        session, tenant.id, "key_ending", Audience(row.organizer_id), data, topic=f"key:{row.id}", occasion=occasion
    )
