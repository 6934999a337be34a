"""Creates the demo marketplace through the doors of core."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from adrail import Platform
from adrail.settings import public_id_field, setting_fields
from core.accounts.api import (
    Actor,
    add_membership,
    create_key,
    create_organizer,
    create_tenant,
    create_user,
    set_password,
    set_tier,
    tenant_exists,
    tenant_with_slug,
    user_with_email,
    write_key_of,
)
from core.accounts.api import organizers as organizers_of
from core.catalog.api import (
    insert_live_events,
    insert_past_orders,
    insert_rows,
    list_live_events,
    upsert_follows,
    upsert_interests,
    upsert_persons,
)
from core.codes.api import create_code, list_codes
from core.db.session import tenant_session
from core.registry import registry
from server.demo.around import make_surroundings
from server.demo.content import ORGANIZERS, make_catalogue
from server.demo.shop import make_shop

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


def seed_demo(seed: int = 7, progress: Callable[[], None] = lambda: None) -> DemoCredentials:
    """Create what is missing of the demo marketplace; returns credentials that work from now on.

    Repeating it completes a seeding that was interrupted, and gives a marketplace that is complete new passwords and
    keys. ``progress`` is called four times.
    """
    tenant_id, server_key = _tenant()
    organizers = _organizers(tenant_id)
    progress()
    if not list_live_events(tenant_id, limit=1).items:
        today = datetime.now(UTC).date()
        catalogue = make_catalogue(seed, today, organizers)
        with tenant_session(tenant_id) as session:
            insert_live_events(session, tenant_id, catalogue.venues, catalogue.live_events, catalogue.ticket_types)
            upsert_persons(session, tenant_id, catalogue.persons)
            around = make_surroundings(seed, today, catalogue)
            insert_rows(session, tenant_id, around.rows)
            insert_past_orders(session, tenant_id, around.orders)
        _shop(tenant_id, seed, today)
    progress()
    for platform in registry().supporting("sandbox"):
        _create_codes(platform, tenant_id, organizers)
    progress()
    credentials = DemoCredentials(
        tenant_id=tenant_id,
        write_key=write_key_of(tenant_id),
        server_key=server_key,
        organizer_api_token=create_key(
            tenant_id, kind="organizer", name="demo organiser", organizer_id=organizers["org-1"]
        ),
        organizer_email="organiser@scena.example",
        organizer_password=secrets.token_urlsafe(12),
        admin_email="admin@scena.example",
        admin_password=secrets.token_urlsafe(12),
        demo_event_slug=DEMO_EVENT[1],
        demo_live_event_id=DEMO_EVENT[0],
        demo_ticket_type_id=DEMO_EVENT[2],
    )
    _people(credentials, organizers["org-1"])
    _second_place(credentials, organizers["org-2"])
    _plans(tenant_id)
    progress()
    return credentials


def _shop(tenant_id: int, seed: int, today: date) -> None:
    """What is sold beside tickets, and what people like."""
    shop, staff = make_shop(seed, today), Actor.system(tenant_id, "demo")
    with tenant_session(tenant_id) as session:
        insert_rows(session, tenant_id, shop.rows)
    upsert_follows(staff, shop.follows)
    upsert_interests(staff, shop.interests)


def _tenant() -> tuple[int, str]:
    if tenant_exists(DEMO_SLUG):
        tenant_id = tenant_with_slug(DEMO_SLUG)
        return tenant_id, create_key(tenant_id, kind="server", name="demo server key")
    made = create_tenant(
        slug=DEMO_SLUG, name="Scena", currency="RON", time_zone="Europe/Bucharest", origins=[], site_id="scena-web"
    )
    return made.tenant_id, made.server_key


def _organizers(tenant_id: int) -> dict[str, int]:
    known = {item.external_id: item.id for item in organizers_of(tenant_id)}
    for key, slug, name in ORGANIZERS:
        if key not in known:
            known[key] = create_organizer(tenant_id, external_id=key, slug=slug, name=name)
    return known


def _people(credentials: DemoCredentials, organizer_id: int) -> None:
    people = (
        (credentials.organizer_email, credentials.organizer_password, "Ilinca Pop", "owner", organizer_id),
        (credentials.admin_email, credentials.admin_password, "Matei Scena", "admin", None),
    )
    for email, password, name, role, organizer in people:
        user_id = user_with_email(email)
        if user_id is not None:
            set_password(user_id, password, tell=False)
            continue
        create_user(
            tenant_id=credentials.tenant_id,
            email=email,
            display_name=name,
            password=password,
            role=role,
            organizer_id=organizer,
        )


def _second_place(credentials: DemoCredentials, organizer_id: int) -> None:
    """Let the organiser's owner look at another one's results, too, so that there is something to switch between."""
    user_id = user_with_email(credentials.organizer_email)
    if user_id is not None:
        where = {"tenant_id": credentials.tenant_id, "organizer_id": organizer_id}
        add_membership(user_id=user_id, role="analyst", **where)


def _plans(tenant_id: int) -> None:
    """One organiser of a larger plan, the others of the smallest."""
    set_tier(Actor.system(tenant_id, "demo"), "organizer", "org-1", "professional")


def _create_codes(platform: Platform, tenant_id: int, organizers: dict[str, int]) -> None:
    """The marketplace's own code, the first organiser's default, and one live event's own."""
    marketplace = Actor.system(tenant_id, "demo")
    organizer = Actor.system(tenant_id, "demo", organizers["org-1"])
    known = {code.public_id for code in list_codes(marketplace, provider=platform.slug).items}
    wanted = (
        (marketplace, _code(platform, 10, level="marketplace")),
        (organizer, _code(platform, 21)),
        (organizer, _code(platform, 22, live_event_id=SPECIAL_EVENT)),
    )
    for actor, code in wanted:
        if code["settings"][public_id_field(platform.settings)] not in known:
            create_code(actor, code)


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
