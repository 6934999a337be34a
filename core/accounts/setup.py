"""Creating marketplaces, sites, organisers and keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select

from core.accounts.models import ApiKey, Organizer, Site, Tenant
from core.accounts.models import DataKey as DataKeyRow
from core.accounts.service import ensure_installation_key
from core.db.session import maintainer_session, tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.security.crypto import DataKey, keyring
from core.security.tokens import PREFIX_LENGTH, key_hash, new_key

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
KEY_SCOPES = {
    "server": [
        "place_orders",
        "view_events",
        "manage_tracking_codes",
        "manage_connections",
        "view_deliveries",
        "collect",
    ],
    "organizer": ["view_events", "manage_tracking_codes", "manage_connections", "view_deliveries"],
}


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A new marketplace with its first site; ``server_key`` is shown this once."""

    tenant_id: int
    site_id: str
    write_key: str
    server_key: str


def create_tenant(
    *, slug: str, name: str, currency: str, time_zone: str, origins: list[str], site_id: str = "main"
) -> NewTenant:
    """Create a marketplace with data key, site and server key; raises `InvalidInputError` or `ConflictError`."""
    _check(slug, currency, time_zone, origins)
    ensure_installation_key()
    with maintainer_session() as session:
        if session.scalar(select(Tenant.id).where(Tenant.slug == slug)):
            raise ConflictError(f"a marketplace with slug {slug!r} exists already; choose another slug")
        tenant = Tenant(slug=slug, name=name, default_currency=currency, time_zone=time_zone)
        session.add(tenant)
        session.flush()
        session.add(DataKeyRow(tenant_id=tenant.id, wrapped_key=DataKey.create(keyring())[1]))
        site = Site(
            tenant_id=tenant.id, site_id=site_id, name=name, allowed_origins=origins, write_key=new_key("write")
        )
        session.add(site)
        session.flush()
        tenant_id, write_key = tenant.id, site.write_key
    return NewTenant(tenant_id, site_id, write_key, create_key(tenant_id, kind="server", name="first server key"))


def create_key(tenant_id: int, *, kind: str, name: str, organizer_id: int | None = None) -> str:
    """Create a ``server`` or ``organizer`` key and return it; only its hash is kept."""
    key = new_key(kind)
    with tenant_session(tenant_id) as session:
        session.add(
            ApiKey(
                tenant_id=tenant_id,
                kind=kind,
                name=name,
                prefix=key[:PREFIX_LENGTH],
                key_hash=key_hash(key),
                organizer_id=organizer_id,
                scopes=KEY_SCOPES[kind],
            )
        )
    return key


def create_organizer(tenant_id: int, *, external_id: str, slug: str, name: str) -> int:
    """Create an organiser; returns its id."""
    with tenant_session(tenant_id) as session:
        organizer = Organizer(tenant_id=tenant_id, external_id=external_id, slug=slug, name=name)
        session.add(organizer)
        session.flush()
        return organizer.id


def _check(slug: str, currency: str, time_zone: str, origins: list[str]) -> None:
    problems = []
    if not SLUG.fullmatch(slug):
        problems.append(FieldProblem("/slug", "pattern", "use 2 to 63 lower-case letters, digits and hyphens"))
    if not re.fullmatch(r"[A-Z]{3}", currency):
        problems.append(FieldProblem("/currency", "iso4217", "use a three-letter code such as EUR"))
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(FieldProblem("/time_zone", "iana", "use a name such as Europe/Bucharest"))
    problems.extend(
        FieldProblem(f"/origins/{position}", "origin", "use scheme and host only, such as https://tickets.example")
        for position, origin in enumerate(origins)
        if not re.fullmatch(r"https?://[^/\s]+", origin)
    )
    if problems:
        raise InvalidInputError("the marketplace cannot be created", errors=problems)


def tenant_exists(slug: str) -> bool:
    """Whether a marketplace has this slug."""
    with maintainer_session() as session:
        return session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None
