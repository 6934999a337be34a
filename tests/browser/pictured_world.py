"""What the screenshots show: purchases that went well, were not allowed, were refused, wait, or need a new token."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from core.embedded.paths import open_data_dir
from server.local_state import secrets_of
from tests.installation import FOREIGN, Installation
from tests.waiting import until

# Several worlds may stand in one installation, whose orders have one number each.
_numbers = itertools.count(2041)
CODES = "/api/marketplace-client/organizer/tracking-codes"
USUAL, SPECIAL = ("ev-2", "tt-2-ga", "60.00"), ("ev-1", "tt-1-ga", "89.00")
"""Live event, ticket type and its price: one with the organiser's default code, one with a code of its own."""
FIELDS = [
    {"name": "row", "type": "text", "required": True, "description": "The row that was looked at."},
    {"name": "view", "type": "choice", "choices": ["2d", "3d"]},
]
ADMIN, PASSWORD = "nobody@empty.example", "pictures of nothing"


class World:
    """The demo marketplace of a running installation, seen and acted on through its public interfaces."""

    def __init__(self, installation: Installation) -> None:
        self.facts = installation.facts
        self._data_dir = installation.data_dir
        self.codes = self._get(CODES, provider="meta")["items"]

    def code(self, live_event: str | None) -> dict[str, Any]:
        """The organiser's code for a live event, or their default."""
        return next(item for item in self.codes if item["live_event_id"] == live_event)

    def fail(self, public_id: str, kind: str, count: int | None = None, **params: Any) -> None:
        """Let the stand-in platform answer one destination with a fault."""
        wish = {"platform": "meta", "kind": kind, "count": count, "params": params}
        body = {**wish, "match": {"path_contains": public_id}}
        requests.post(f"{self.facts['sandbox_url']}/_sandbox/faults", json=body, timeout=30).raise_for_status()

    def collect(self) -> None:
        """Let events be refused, each for another reason, and define one of the marketplace's own."""
        prices = {"items": [{"ticket_type_id": "tt-1-ga", "qty": 1, "price": 89}], "currency": "RON"}
        events = [self._event("add_to_cart", payload=prices) for _ in range(3)]
        events += [self._event("page_wiew"), self._event("search_performed", payload={"query": "jazz", "filters": 1})]
        headers = {"X-Adrail-Key": self.facts["write_key"]}
        base_url, body = self.facts["base_url"], {"events": events}
        answer = requests.post(f"{base_url}/api/tx/events/batch", json=body, headers=headers, timeout=30).json()
        assert answer["rejected"] == len(events), answer
        told = "The seat map was opened."
        own: dict[str, Any] = {"name": "custom.seat_map_opened", "description": told, "fields": FIELDS}
        key = {"Authorization": f"Bearer {self.facts['server_key']}"}
        made = requests.post(f"{base_url}/api/v1/custom-events", json=own, headers=key, timeout=30)
        assert made.status_code in {201, 409}, made.text
        address = f"{base_url}/api/v1/rejected-events/groups"
        until(lambda: len(requests.get(address, headers=key, timeout=30).json()["items"]) > 2, what="refused events")

    def _event(self, name: str, **changes: Any) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        ids = {"event_id": str(uuid.uuid4()), "visitor_id": "visitor-1", "session_id": "visit-1"}
        given = {"event_name": name, "event_version": 1, "occurred_at": now, "source_system": "web", **ids}
        return {**given, "consent_snapshot": {"analytics": True}, **changes}

    def order(
        self,
        ticket: tuple[str, str, str] = USUAL,
        *,
        quantity: int = 2,
        consent: bool = True,
        currency: str = "RON",
        at: datetime | None = None,
    ) -> str:
        """Report an order as the marketplace's backend does; returns its number."""
        number, now = f"SC-{next(_numbers)}", (at or datetime.now(UTC)).isoformat()
        live_event, ticket_type, price = ticket
        total = f"{quantity * Decimal(price):.2f}"
        body: dict[str, Any] = {
            "external_id": number,
            "currency": currency,
            "placed_at": now,
            "visitor_id": f"visitor-{number}",
            "session_id": f"visit-{number}",
            "consent": {"marketing": consent, "data_processing": consent, "analytics": True, "captured_at": now},
            "person": {"external_id": f"c-{number}", "email": "ioana.stan@example.com", "country": "RO"},
            "context": {"client_ip": "198.51.100.7", "user_agent": "Mozilla/5.0", "url": self.facts["demo_page_url"]},
            "totals": {"gross": total, "net": total},
            "items": [
                {
                    "line": "1",
                    "live_event_id": live_event,
                    "ticket_type_id": ticket_type,
                    "quantity": quantity,
                    "unit_price": price,
                }
            ],
        }
        key = {"Authorization": f"Bearer {self.facts['server_key']}"}
        answer = requests.post(f"{self.facts['base_url']}/api/v1/orders", json=body, headers=key, timeout=30)
        answer.raise_for_status()
        return number

    def history(self, days: int) -> None:
        """Report a few orders a day for as many days, more of them lately, as an import of older orders does."""
        chance = random.Random(days)
        for ago in range(1, days):
            for _ in range(chance.randrange(2, 7 + (days - ago) // 9)):
                at = datetime.now(UTC) - timedelta(days=ago, minutes=chance.randrange(300))
                self.order(quantity=chance.choice((1, 2, 2, 3, 4)), consent=False, at=at)

    def delivery(self, order: str, state: str, reason: str | None) -> dict[str, Any]:
        """The organiser's delivery of an order, once it is in this state for this reason."""

        def found() -> list[dict[str, Any]]:
            rows = self._get("/api/v1/deliveries", order=order, provider="meta")["items"]
            return [row for row in rows if row["state"] == state and row["reason"] == reason]

        return until(found, what=f"order {order}: {state}, {reason}")[0]

    def empty_marketplace(self) -> tuple[str, str]:
        """Create a marketplace in which nothing ever happened; returns its administrator's e-mail and password."""
        environment = {
            **{name: value for name, value in os.environ.items() if name not in FOREIGN},
            **secrets_of(open_data_dir(self._data_dir)),
            "DATABASE_URL": self.facts["database_url"],
            "REDIS_URL": self.facts["redis_url"],
        }
        make = [
            sys.executable,
            "-m",
            "server",
            "tenant",
            "create",
            "empty",
            "--name",
            "Empty Hall",
            "--currency",
            "EUR",
        ]
        options = ["--time-zone", "Europe/Bucharest", "--admin-email", ADMIN]
        subprocess.run(
            [*make, *options], env=environment, input=f"{PASSWORD}\n" * 2, text=True, check=True, capture_output=True
        )
        return ADMIN, PASSWORD

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        key = {"Authorization": f"Bearer {self.facts['organizer_api_token']}"}
        answer = requests.get(f"{self.facts['base_url']}{path}", params=query, headers=key, timeout=30)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body


def make_it_happen(world: World) -> dict[str, str]:
    """Bring about every state a delivery can be in; returns the addresses of pages worth a picture."""
    world.history(56)
    world.collect()
    default, special = world.code(None), world.code("ev-1")
    for quantity in (1, 2, 4, 2, 3, 2):
        accepted = world.delivery(world.order(quantity=quantity), "accepted", None)
    ignored = world.delivery(world.order(consent=False), "ignored", "no_consent")
    world.fail(default["public_id"], "invalid_event", 1, field="custom_data.currency")
    dead = world.delivery(world.order(), "dead", "invalid")
    world.fail(special["public_id"], "expired_token", 1)
    stopped = world.delivery(world.order(SPECIAL, currency="EUR"), "pending", "needs_reconnect")
    world.fail(default["public_id"], "transient")
    waiting = world.delivery(world.order(), "pending", "retrying")
    return {
        "overview": "/",
        "live-events": "/live-events/",
        "orders": "/orders/",
        "order": f"/orders/{accepted['order_id']}",
        "codes": "/codes/",
        "code": f"/codes/{default['id']}",
        "code-stopped": f"/codes/{special['id']}",
        "code-change": f"/codes/{default['id']}/edit",
        "code-delete": f"/codes/{special['id']}/delete",
        "code-new": "/codes/new/meta",
        "deliveries": "/deliveries/",
        "delivery-accepted": f"/deliveries/{accepted['id']}",
        "delivery-not-sent": f"/deliveries/{ignored['id']}",
        "delivery-needs-you": f"/deliveries/{dead['id']}",
        "delivery-stopped": f"/deliveries/{stopped['id']}",
        "delivery-waiting": f"/deliveries/{waiting['id']}",
        "connections": "/connections/",
        "connection": f"/connections/{accepted['connection_id']}",
        "connection-reconnect": f"/connections/{stopped['connection_id']}",
        "not-found": "/codes/999999",
    }
