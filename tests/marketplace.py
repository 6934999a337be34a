"""A small marketplace for tests, made through the doors of core; every test gets its own tenant."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from adrail.settings import setting_fields
from core.accounts.api import Actor, create_key, create_organizer, create_tenant, create_user
from core.catalog.api import insert_live_events
from core.codes.api import create_code
from core.db.session import tenant_session
from core.registry import registry

ORIGIN = "https://shop.example"
# The platform by which tests try what core does for all of them; the plugins' own tests tell the others apart.
PLATFORM = "meta"
_numbers = itertools.count(1)


class OrganizerKeys(dict[str, str]):
    """API keys by organiser, each made when a test first asks for it: most never do."""

    def __init__(self, tenant_id: int, organizers: Mapping[str, int]) -> None:
        super().__init__()
        self._tenant_id = tenant_id
        self._organizers = organizers

    def __missing__(self, name: str) -> str:
        organizer = self._organizers[name]
        self[name] = create_key(self._tenant_id, kind="organizer", name="test", organizer_id=organizer)
        return self[name]


@dataclass(slots=True)
class Marketplace:
    """A tenant with two organisers, three live events (ev-1, ev-2 of org-1 in RON, ev-3 of org-2 in RON)."""

    tenant_id: int
    slug: str
    site_id: str
    write_key: str
    server_key: str
    organizers: dict[str, int]
    organizer_keys: OrganizerKeys
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def staff(self) -> Actor:
        """The whole marketplace."""
        return Actor.system(self.tenant_id, "test")

    def organizer(self, name: str) -> Actor:
        """One organiser's staff."""
        return Actor.system(self.tenant_id, "test", self.organizers[name])

    def collect_headers(self, **extra: str) -> dict[str, str]:
        """Headers of the browser SDK on the marketplace's site."""
        return {"X-Adrail-Key": self.write_key, "Origin": ORIGIN, "User-Agent": "Mozilla/5.0 (test)", **extra}

    def bearer(self, key: str | None = None) -> dict[str, str]:
        """Headers of the marketplace's backend, or of another key."""
        return {"Authorization": f"Bearer {key or self.server_key}"}

    def add_code(self, provider: str, name: str, public_id: str, *, organizer: str | None = None, **data: Any) -> int:
        """Add a tracking code with a server-side token; ``name`` is how the test calls it."""
        actor = self.organizer(organizer) if organizer else self.staff
        level = {} if organizer else {"level": "marketplace"}
        settings = {**_example(provider, public_id), **data.pop("settings", {})}
        view = create_code(actor, {"provider": provider, "enabled": True, "settings": settings, **level, **data})
        self.codes[name] = view.id
        return view.id

    def create_user(self, email: str, password: str, *, role: str = "owner", organizer: str | None = None) -> int:
        """Add a member of staff."""
        return create_user(
            tenant_id=self.tenant_id,
            email=email,
            display_name="Test Person",
            password=password,
            role=role,
            organizer_id=self.organizers[organizer] if organizer else None,
        )

    def order(self, number: str = "A-1", **changes: Any) -> dict[str, Any]:
        """The body of a completed order: two GA tickets of ev-1 at 90.00 RON, by a consenting buyer."""
        now = datetime.now(UTC)
        body: dict[str, Any] = {
            "external_id": number,
            "status": "completed",
            "currency": "RON",
            "placed_at": now.isoformat(),
            "visitor_id": "v-1",
            "session_id": "s-1",
            "consent": {
                "marketing": True,
                "data_processing": True,
                "captured_at": (now - timedelta(minutes=1)).isoformat(),
            },
            "person": {
                "external_id": "c-7",
                "email": "Ana.Popescu@Example.com ",
                "phone": "0712 345 678",
                "first_name": "Ana",
                "last_name": "Popescu",
                "city": "Cluj-Napoca",
                "country": "RO",
            },
            "context": {
                "client_ip": "198.51.100.7",
                "user_agent": "Mozilla/5.0 (test)",
                "url": f"{ORIGIN}/thank-you",
                "click_ids": {"fbclid": "abc"},
            },
            "totals": {"gross": "180.00", "net": "151.26", "fees": "0.00", "discount": "0.00"},
            "items": [
                {
                    "line": "1",
                    "live_event_id": "ev-1",
                    "ticket_type_id": "tt-1",
                    "quantity": 2,
                    "unit_price": "90.00",
                }
            ],
        }
        return {**body, **changes}


def _example(provider: str, public_id: str) -> dict[str, Any]:
    """Settings with this public id and random secrets."""
    declared = setting_fields(registry().get(provider).settings)
    hidden = {item.name: secrets.token_hex(20) for item, info in declared if info.secret}
    return {next(item.name for item, info in declared if info.public_id): public_id, **hidden}


def make_marketplace() -> Marketplace:
    """Create a marketplace that no other test knows."""
    slug = f"test-{os.getpid()}-{next(_numbers)}"
    made = create_tenant(
        slug=slug, name="Test Tickets", currency="RON", time_zone="Europe/Bucharest", origins=[ORIGIN], site_id="shop"
    )
    organizers = {
        name: create_organizer(made.tenant_id, external_id=name, slug=name, name=f"Organiser {name}")
        for name in ("org-1", "org-2")
    }
    with tenant_session(made.tenant_id) as session:
        insert_live_events(session, made.tenant_id, *_catalogue(organizers))
    keys = OrganizerKeys(made.tenant_id, organizers)
    return Marketplace(made.tenant_id, slug, made.site_id, made.write_key, made.server_key, organizers, keys)


def _catalogue(organizers: dict[str, int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    venues = [{"external_id": "v-1", "name": "Club", "city": "Cluj-Napoca", "country": "RO", "capacity": 500}]
    events, kinds = [], []
    for number, organizer in ((1, "org-1"), (2, "org-1"), (3, "org-2")):
        events.append(
            {
                "external_id": f"ev-{number}",
                "organizer_id": organizers[organizer],
                "venue": "v-1",
                "slug": f"event-{number}",
                "title": f"Event {number}",
                "starts_at": starts + timedelta(days=number),
                "currency": "RON",
                "price_from": Decimal("90.00"),
                "price_to": Decimal("90.00"),
            }
        )
        kinds.append(
            {
                "external_id": f"tt-{number}",
                "live_event": f"ev-{number}",
                "name": "General admission",
                "category": "GA",
                "price": Decimal("90.00"),
                "quota": 1000,
            }
        )
    return venues, events, kinds
