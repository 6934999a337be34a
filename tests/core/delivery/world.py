"""A marketplace with codes on the sandbox's platform, and the steps that tests of delivery take in it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import requests
from sqlalchemy import text

from adrail.sandbox import SandboxServer
from core.accounts.api import tenant_view
from core.catalog.api import upsert_persons
from core.db.session import tenant_session
from core.delivery import api, jobs
from core.delivery.stored import StoredEvent
from core.privacy.api import ConsentStatement, record_statements
from core.security.crypto import keyring
from tests.marketplace import ORIGIN, Marketplace
from tests.platform_records import conversions

IP, UA = "198.51.100.7", "Mozilla/5.0 (canary)"


@dataclass(slots=True)
class World:
    """One tenant with codes called `market`, `org-1` and `org-2`, each with a pixel id that no other test uses."""

    marketplace: Marketplace
    sandbox: SandboxServer
    provider: str
    pixels: dict[str, str] = field(default_factory=dict)
    events: int = 0

    @property
    def tenant_id(self) -> int:
        """The marketplace's id."""
        return self.marketplace.tenant_id

    def add_code(self, name: str, **data: Any) -> None:
        """Add a code for the marketplace (`market`) or for the organiser of that name."""
        pixel = self.pixels.setdefault(name, f"{secrets.randbelow(10**15):015d}")
        organizer = None if name == "market" else name
        self.marketplace.add_code(self.provider, name, pixel, organizer=organizer, **data)

    def event(self, name: str = "event_view", **changes: Any) -> StoredEvent:
        """An event of visitor v-1 that agreed to everything."""
        self.events += 1
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "event_id": uuid.uuid4(),
            "event_name": name,
            "occurred_at": now,
            "received_at": now,
            "trusted": name == "order_completed",
            "visitor_id": "v-1",
            "session_id": "s-1",
            "event_entity_id": "ev-1",
            "consent": {
                "analytics": True,
                "marketing": True,
                "data_processing": True,
                "captured_at": (now - timedelta(minutes=1)).isoformat(),
            },
            "context": {"page": {"url": f"{ORIGIN}/event-1"}, "click_ids": {"fbclid": "abc"}},
            "sealed_client": keyring().seal(orjson.dumps({"ip": IP, "ua": UA}), "client"),
        }
        return StoredEvent(**{**values, **changes})

    def order(self, number: str = "A-1", **changes: Any) -> StoredEvent:
        """A completed order: two tickets of ev-1 (org-1) and one of ev-3 (org-2), 270.00 RON in all."""
        items = [
            {"line": "1", "live_event_id": "ev-1", "ticket_type_id": "tt-1", "quantity": 2, "unit_price": "90.00"},
            {"line": "2", "live_event_id": "ev-3", "ticket_type_id": "tt-3", "quantity": 1, "unit_price": "90.00"},
        ]
        payload = {"gross_amount": "270.00", "currency": "RON", "items": items}
        return self.event(
            "order_completed", **{"payload": payload, "order_id": number, "event_entity_id": None, **changes}
        )

    def plan(self, *events: StoredEvent) -> list[int]:
        """Write the deliveries of events as ingest does; returns the connections to wake."""
        with tenant_session(self.tenant_id) as session:
            return api.plan(session, self.tenant_id, events, namespace=tenant_view(self.tenant_id).uuid_namespace)

    def deliver(self, connections: Sequence[int] | None = None) -> None:
        """Run the job of every connection, or of some."""
        for connection in self.connections() if connections is None else connections:
            jobs.deliver(self.tenant_id, connection)

    def connections(self) -> list[int]:
        """The ids of all connections."""
        return [row.id for row in self.sql("SELECT id FROM connections ORDER BY id")]

    def connection(self, name: str) -> Any:
        """The connection behind a code."""
        return self.sql("SELECT * FROM connections WHERE account_id = :pixel", pixel=self.pixels[name])[0]

    def rows(self, name: str | None = None) -> list[Any]:
        """The deliveries, or those of one code, oldest first."""
        pixel = self.pixels[name] if name else None
        return self.sql(
            "SELECT * FROM conversion_deliveries WHERE coalesce(:pixel, public_id) = public_id ORDER BY id", pixel=pixel
        )

    def attempts(self, delivery_id: int) -> list[Any]:
        """The attempts of a delivery, oldest first."""
        return self.sql("SELECT * FROM delivery_attempts WHERE delivery_id = :id ORDER BY id", id=delivery_id)

    def sql(self, statement: str, **parameters: Any) -> list[Any]:
        """Run a statement as this tenant; returns its rows, if it has any."""
        with tenant_session(self.tenant_id) as session:
            result = session.execute(text(statement), parameters)
            return list(result.all()) if result.returns_rows else []  # type: ignore[attr-defined]

    def make_due(self) -> None:
        """Let the back-off of everything pending be over."""
        self.sql("UPDATE conversion_deliveries SET next_attempt_at = now() WHERE state = 'pending'")

    def fault(self, kind: str, name: str, count: int = 1, **params: Any) -> None:
        """Arm a fault of the sandbox for one code's pixel."""
        wish: dict[str, Any] = {"platform": self.provider, "kind": kind, "count": count, "params": params}
        wish["match"] = {"path_contains": self.pixels[name]}
        answer = requests.post(f"{self.sandbox.url}/_sandbox/faults", json=wish, timeout=30)
        assert answer.status_code == 201, answer.text

    def received(self, name: str) -> list[dict[str, Any]]:
        """What the platform accepted for one code's pixel, oldest first."""
        sent = conversions(self.sandbox.url, self.provider)
        return [item for item in sent if item["pixel"] == self.pixels[name]]

    def say(self, subject_type: str, subject: str, *, at: datetime | None = None, **purposes: bool) -> None:
        """Write what a visitor or person says about purposes, such as ``marketing=False``."""
        statement = ConsentStatement(subject_type, subject, purposes, "consent_api", at or datetime.now(UTC))
        with tenant_session(self.tenant_id) as session:
            assert record_statements(session, self.tenant_id, [statement]) == 1

    def person(self, external_id: str = "c-7", **changes: Any) -> int:
        """A customer."""
        data = {
            "external_id": external_id,
            "email": "Ana.Canary@Example.com",
            "phone": "0712 345 678",
            "first_name": "Anastasia",
            "last_name": "Canarescu",
            "city": "Cluj-Napoca",
            "country": "RO",
        }
        with tenant_session(self.tenant_id) as session:
            (outcome,) = upsert_persons(session, self.tenant_id, [{**data, **changes}])
        assert outcome.person_id is not None, outcome
        return outcome.person_id
