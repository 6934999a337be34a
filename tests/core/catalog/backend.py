"""A marketplace's backend: sends orders over HTTP, and looks at what the tables hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.marketplace import Marketplace

ORDERS = "/api/v1/orders"


@dataclass(frozen=True, slots=True)
class Backend:
    """``admin`` sees every table."""

    client: FlaskClient
    marketplace: Marketplace
    admin: psycopg.Connection[Any]

    def send(self, body: Any, **headers: str) -> TestResponse:
        """Report an order."""
        return self.client.post(ORDERS, json=body, headers={**self.marketplace.bearer(), **headers})

    def placed(self, number: str = "A-1", **changes: Any) -> dict[str, Any]:
        """Report an order that must be taken; returns the answer."""
        answer = self.send(self.marketplace.order(number, **changes))
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def change(self, number: str, status: str, transition: str = "t-1", **more: Any) -> TestResponse:
        """Report a change of state."""
        occurred_at = more.pop("occurred_at", self.marketplace.order()["placed_at"])
        body = {"status": status, "transition_id": transition, "occurred_at": occurred_at, **more}
        return self.client.patch(f"{ORDERS}/{number}", json=body, headers=self.marketplace.bearer())

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The marketplace's rows of a table, oldest first."""
        query = f"SELECT to_jsonb(t) FROM {table} t WHERE tenant_id = %s ORDER BY t.id"
        return [row for (row,) in self.admin.execute(query, [self.marketplace.tenant_id]).fetchall()]

    def traits(self) -> dict[str, dict[str, Any]]:
        """External id of every person → what audiences select by."""
        query = """
            SELECT p.external_id, to_jsonb(t) - 'tenant_id' - 'person_id'
            FROM persons p LEFT JOIN person_traits t ON t.person_id = p.id WHERE p.tenant_id = %s ORDER BY p.id"""
        return dict(self.admin.execute(query, [self.marketplace.tenant_id]).fetchall())

    def emitted(self) -> list[dict[str, Any]]:
        """Events that wait in the outbox, oldest first."""
        query = "SELECT payload FROM event_outbox WHERE tenant_id = %s AND topic = 'tracking_event' ORDER BY id"
        return [row for (row,) in self.admin.execute(query, [self.marketplace.tenant_id]).fetchall()]

    def stored_events(self) -> list[str]:
        """Names of the events that ingest has stored, by name."""
        query = "SELECT event_name FROM tx_events WHERE tenant_id = %s ORDER BY event_name"
        return [name for (name,) in self.admin.execute(query, [self.marketplace.tenant_id]).fetchall()]

    def kept_keys(self) -> list[str]:
        """Idempotency keys whose answers are kept."""
        query = "SELECT key FROM idempotency_records WHERE tenant_id = %s ORDER BY key"
        return [key for (key,) in self.admin.execute(query, [self.marketplace.tenant_id]).fetchall()]


def pointers(answer: TestResponse, status: int = 422) -> list[str]:
    """The fields that a refusal names; fails on another status."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    return [problem["pointer"] for problem in answer.get_json()["errors"]]
