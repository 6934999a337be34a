"""Creating marketplaces, sites, organisers and keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.accounts.audit import record_audit
from core.accounts.key_making import KeyPlan, add_key
from core.accounts.models import DataKey as DataKeyRow
from core.accounts.models import Organizer, Site, Tenant
from core.accounts.service import Actor, ensure_installation_key
from core.db.session import maintainer_session, tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.money import known_currency
from core.security.crypto import DataKey, keyring
from core.security.tokens import new_key

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


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
    tenant = Tenant(slug=slug, name=name, default_currency=currency, time_zone=time_zone)
    site = Site(site_id=site_id, name=name, allowed_origins=[item.lower() for item in origins])
    site.write_key = new_key("write")
    try:
        with maintainer_session() as session:
            session.add(tenant)
            session.flush()
            site.tenant_id = tenant.id
            session.add_all([site, DataKeyRow(tenant_id=tenant.id, wrapped_key=DataKey.create(keyring())[1])])
            plan = KeyPlan("server", "first server key")
            server_key = add_key(session, Actor.system(tenant.id, "setup"), plan)[1]
            record_audit(session, Actor.system(tenant.id, "setup"), "tenant.created", f"tenant:{tenant.id}")
    except IntegrityError as exc:
        if isinstance(exc.orig, psycopg.errors.UniqueViolation):
            problem = FieldProblem("/slug", "unique", "choose another slug")
            raise ConflictError(f"a marketplace with slug {slug!r} exists already", errors=[problem]) from None
        raise
    return NewTenant(tenant.id, site_id, site.write_key, server_key)


def create_key(tenant_id: int, *, kind: str, name: str, organizer_id: int | None = None) -> str:
    """Create a ``server`` key, or an ``organizer`` key of one organiser, and return it; only its hash is kept."""
    with tenant_session(tenant_id) as session:
        plan = KeyPlan(kind, name, organizer_id=organizer_id)
        return add_key(session, Actor.system(tenant_id, "setup"), plan)[1]


def create_organizer(tenant_id: int, *, external_id: str, slug: str, name: str) -> int:
    """Create an organiser; returns its id."""
    with tenant_session(tenant_id) as session:
        organizer = Organizer(tenant_id=tenant_id, external_id=external_id, slug=slug, name=name)
        session.add(organizer)
        session.flush()
        return organizer.id


def tenant_exists(slug: str) -> bool:
    """Whether a marketplace has this slug."""
    with maintainer_session() as session:
        return session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None


def _check(slug: str, currency: str, time_zone: str, origins: list[str]) -> None:
    problems = []
    if not SLUG.fullmatch(slug):
        problems.append(FieldProblem("/slug", "pattern", "use 2 to 63 lower-case letters, digits and hyphens"))
    if not known_currency(currency):
        problems.append(FieldProblem("/currency", "iso4217", "use an ISO 4217 code such as EUR"))
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(FieldProblem("/time_zone", "iana", "use a name such as Europe/Bucharest"))
    problems.extend(
        FieldProblem(f"/origins/{position}", "origin", "use scheme and host only, such as https://tickets.example")
        for position, origin in enumerate(origins)
        if not ORIGIN.fullmatch(origin)
    )
    if problems:
        raise InvalidInputError("the marketplace cannot be created", errors=problems)
