"""A marketplace's backend that sells tickets of the demo live event over HTTP and remembers what was acknowledged."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import requests

Facts = dict[str, Any]


class Backend:
    """Places orders; ``acknowledged`` are the numbers that were answered with 201."""

    def __init__(self, facts: Facts, prefix: str, **person: str) -> None:
        self._facts = facts
        self._prefix = prefix
        self._person = person
        self._session = requests.Session()
        self._session.trust_env = False
        self.acknowledged: list[str] = []
        self.refused: list[str] = []

    def sell(self, **changes: Any) -> str:
        """Place one order; returns its number."""
        number = f"{self._prefix}-{len(self.acknowledged) + len(self.refused)}"
        answer = self._session.post(
            f"{self._facts['base_url']}/api/v1/orders",
            json={**self._order(number), **changes},
            headers={"Authorization": f"Bearer {self._facts['server_key']}"},
            timeout=30,
        )
        (self.acknowledged if answer.status_code == 201 else self.refused).append(number)
        return number

    @contextmanager
    def selling(self) -> Iterator[None]:
        """Sell without a break until the block is left."""
        with repeated(self.sell):
            yield

    def _order(self, number: str) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        return {
            "external_id": number,
            "status": "completed",
            "currency": "RON",
            "placed_at": now,
            "visitor_id": f"v-{number}",
            "session_id": f"s-{number}",
            "consent": {"marketing": True, "data_processing": True, "captured_at": now},
            "person": {"external_id": f"c-{number}", "email": "ana@example.com", "country": "RO", **self._person},
            "context": {
                "client_ip": "198.51.100.7",
                "user_agent": "Mozilla/5.0 (test)",
                "url": "https://shop.example/",
            },
            "totals": {"gross": "89.00", "net": "80.00", "fees": "0.00", "discount": "0.00"},
            "items": [
                {
                    "line": "1",
                    "live_event_id": self._facts["demo_live_event_id"],
                    "ticket_type_id": self._facts["demo_ticket_type_id"],
                    "quantity": 1,
                    "unit_price": "89.00",
                }
            ],
        }


class Visitor:
    """Looks at pages; ``accepted`` are the ids of events that were answered with «accepted»."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.accepted: list[str] = []
        self.refused: list[int] = []

    def look(self) -> None:
        """Send one event."""
        now, event_id = datetime.now(UTC).isoformat(), str(uuid.uuid4())
        event: dict[str, Any] = {
            "event_id": event_id,
            "event_name": "page_view",
            "event_version": 1,
            "occurred_at": now,
            "source_system": "web",
            "visitor_id": f"v-{event_id}",
            "session_id": f"s-{event_id}",
            "consent_snapshot": {"analytics": True, "marketing": False, "captured_at": now},
        }
        answer = requests.post(
            f"{self._facts['base_url']}/api/tx/events",
            json=event,
            headers={"X-Adrail-Key": self._facts["write_key"]},
            timeout=30,
        )
        if answer.status_code == 202 and answer.json()["accepted"] == 1:
            self.accepted.append(event_id)
        else:
            self.refused.append(answer.status_code)

    @contextmanager
    def browsing(self) -> Iterator[None]:
        """Look at pages without a break until the block is left."""
        with repeated(self.look):
            yield

    def stored(self, url: str) -> set[str]:
        """Which of the accepted events are in the store; fails on one that is there twice."""
        with psycopg.connect(url) as connection:
            rows = connection.execute(
                "SELECT event_id::text, count(*) FROM tx_events WHERE event_id = ANY(%s::uuid[]) GROUP BY 1",
                [self.accepted],
            ).fetchall()
        assert {count for _, count in rows} <= {1}
        return {event_id for event_id, _ in rows}


@contextmanager
def repeated(step: Callable[[], object]) -> Iterator[None]:
    """Do something again and again in the background; fails when it did."""
    stop, problems = threading.Event(), []

    def run() -> None:
        while not stop.is_set():
            try:
                step()
            except Exception as exc:  # noqa: BLE001 - reported below
                problems.append(exc)
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not problems, problems


def deliveries(facts: Facts, number: str) -> list[str]:
    """The states of an order's deliveries, read from the delivery log as a marketplace's backend does."""
    answer = requests.get(
        f"{facts['base_url']}/api/v1/deliveries",
        params={"order": number},
        headers={"Authorization": f"Bearer {facts['server_key']}"},
        timeout=30,
    )
    return [item["state"] for item in answer.json()["items"]]
