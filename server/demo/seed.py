"""Creates the demo marketplace through the doors of core."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from adrail import Platform
from adrail.settings import setting_fields
from core.accounts.api import Actor, create_key, create_organizer, create_tenant, create_user, tenant_exists
from core.catalog.api import insert_live_events, insert_persons
from core.codes.api import create_code
from core.db.session import tenant_session
from core.registry import registry
from server.demo.content import ORGANIZERS, make_catalogue

DEMO_SLUG = "scena"
DEMO_EVENT = ("ev-2", "castle-nights-warm-up", "tt-2-ga")
SPECIAL_EVENT = "ev-1"
ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class DemoCredentials:
    """What a person or test needs to use the demo marketplace; random per installation."""

    tenant_id: int
    write_key: str
    server_key: str
    organizer_api_token: str
    organizer_email: str
    organizer_password: str
    admin_email: str
    admin_password: str
    demo_event_slug: str
    demo_live_event_id: str
    demo_ticket_type_id: str

    def as_dict(self) -> dict[str, Any]:
        """As a plain mapping."""
        return asdict(self)


def seed_demo(seed: int = 7, progress: Callable[[], None] = lambda: None) -> DemoCredentials | None:
    """Create the demo marketplace; returns None when it exists. ``progress`` is called five times."""
    if tenant_exists(DEMO_SLUG):
        return None
    tenant = create_tenant(
        slug=DEMO_SLUG, name="Scena", currency="RON", time_zone="Europe/Bucharest", origins=[], site_id="scena-web"
    )
    progress()
    organizers = {
        key: create_organizer(tenant.tenant_id, external_id=key, slug=slug, name=name) for key, slug, name in ORGANIZERS
    }
    catalogue = make_catalogue(seed, datetime.now(UTC).date(), organizers)
    with tenant_session(tenant.tenant_id) as session:
        insert_live_events(session, tenant.tenant_id, catalogue.venues, catalogue.live_events, catalogue.ticket_types)
    progress()
    with tenant_session(tenant.tenant_id) as session:
        insert_persons(session, tenant.tenant_id, catalogue.persons)
    progress()
    credentials = DemoCredentials(
        tenant.tenant_id,
        tenant.write_key,
        tenant.server_key,
        create_key(tenant.tenant_id, kind="organizer", name="demo organiser", organizer_id=organizers["org-1"]),
        "organiser@scena.example",
        secrets.token_urlsafe(12),
        "admin@scena.example",
        secrets.token_urlsafe(12),
        DEMO_EVENT[1],
        DEMO_EVENT[0],
        DEMO_EVENT[2],
    )
    _create_people(credentials, organizers["org-1"])
    progress()
    for platform in registry().supporting("sandbox"):
        _create_codes(platform, tenant.tenant_id, organizers)
    progress()
    return credentials


def _create_people(credentials: DemoCredentials, organizer_id: int) -> None:
    create_user(
        tenant_id=credentials.tenant_id,
        email=credentials.organizer_email,
        display_name="Ilinca Pop",
        password=credentials.organizer_password,
        role="owner",
        organizer_id=organizer_id,
    )
    create_user(
        tenant_id=credentials.tenant_id,
        email=credentials.admin_email,
        display_name="Matei Scena",
        password=credentials.admin_password,
        role="admin",
    )


def _create_codes(platform: Platform, tenant_id: int, organizers: dict[str, int]) -> None:
    """The marketplace's own code, the first organiser's default, and one live event's own."""
    marketplace = Actor.system(tenant_id, "demo")
    organizer = Actor.system(tenant_id, "demo", organizers["org-1"])
    create_code(marketplace, _code(platform, 10, level="marketplace"))
    create_code(organizer, _code(platform, 21))
    create_code(organizer, _code(platform, 22, live_event_id=SPECIAL_EVENT))


def _code(platform: Platform, number: int, **where: str) -> dict[str, Any]:
    """Plausible settings made from the schema: required fields only, the public id varied by ``number``."""
    values: dict[str, Any] = {}
    for item, info in setting_fields(platform.settings):
        if info.public_id:
            values[item.name] = f"{info.example[:-2]}{number}"
        elif info.secret:
            values[item.name] = "".join(secrets.choice(ALPHABET) for _ in range(40))
        elif item.default is MISSING:
            values[item.name] = info.example
    return {"provider": platform.slug, "enabled": True, "settings": values, **where}
