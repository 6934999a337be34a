"""Read models of accounts."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Organizer, Site, Tenant
from core.db.session import maintainer_session, tenant_session
from core.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class TenantView:
    """A marketplace as others see it."""

    id: int
    slug: str
    name: str
    uuid_namespace: uuid.UUID
    default_currency: str
    time_zone: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OrganizerView:
    """An organiser as others see it."""

    id: int
    external_id: str
    slug: str
    name: str


def tenant_view(tenant_id: int) -> TenantView:
    """Return a marketplace; raises `NotFoundError`."""
    with tenant_session(tenant_id) as session:
        row = session.get(Tenant, tenant_id)
        if row is None:
            raise NotFoundError("there is no such marketplace")
        return TenantView(
            row.id, row.slug, row.name, row.uuid_namespace, row.default_currency, row.time_zone, row.settings
        )


def tenant_with_slug(slug: str) -> int:
    """Return the id of the marketplace with a slug; raises `NotFoundError`."""
    with maintainer_session() as session:
        tenant_id = session.scalar(select(Tenant.id).where(Tenant.slug == slug))
    if tenant_id is None:
        raise NotFoundError(f"there is no marketplace {slug!r}")
    return tenant_id


def tenant_ids() -> list[int]:
    """Return the ids of every marketplace of the installation."""
    with maintainer_session() as session:
        return list(session.scalars(select(Tenant.id).order_by(Tenant.id)))


def organizers(tenant_id: int) -> list[OrganizerView]:
    """Every organiser of a marketplace, by name."""
    with tenant_session(tenant_id) as session:
        rows = session.scalars(select(Organizer).where(Organizer.tenant_id == tenant_id).order_by(Organizer.name))
        return [OrganizerView(row.id, row.external_id, row.slug, row.name) for row in rows]


def get_organizer(
    tenant_id: int, *, slug: str | None = None, external_id: str | None = None, organizer_id: int | None = None
) -> OrganizerView:
    """Return one organiser by slug, external id or id; raises `NotFoundError`."""
    query = select(Organizer).where(Organizer.tenant_id == tenant_id)
    if slug is not None:
        query = query.where(Organizer.slug == slug)
    elif external_id is not None:
        query = query.where(Organizer.external_id == external_id)
    else:
        query = query.where(Organizer.id == organizer_id)
    with tenant_session(tenant_id) as session:
        row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError("there is no such organiser in this marketplace")
    return OrganizerView(row.id, row.external_id, row.slug, row.name)


def write_key_of(tenant_id: int) -> str:
    """Return the public write key of a marketplace's first site; raises `NotFoundError`."""
    with tenant_session(tenant_id) as session:
        key = session.scalar(select(Site.write_key).where(Site.tenant_id == tenant_id).order_by(Site.id).limit(1))
    if key is None:
        raise NotFoundError("this marketplace has no site yet")
    return key


def organizer_external_ids(session: Session, tenant_id: int, organizer_ids: Collection[int]) -> dict[int, str]:
    """Id → external id, in the caller's transaction."""
    rows = session.execute(
        select(Organizer.id, Organizer.external_id).where(
            Organizer.tenant_id == tenant_id, Organizer.id.in_(organizer_ids)
        )
    )
    return {row.id: row.external_id for row in rows}
