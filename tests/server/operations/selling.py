"""A marketplace's backend that sells tickets of the demo live event over HTTP and remembers what was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

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
            timeout=10,
        )
        (self.acknowledged if answer.status_code == 201 else self.refused).append(number)
        return number

    @contextmanager
    def selling(self) -> Iterator[None]:
        """Sell without a break until the block is left."""
        stop = threading.Event()

        def run() -> None:
            while not stop.is_set():
                self.sell()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

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


def delivery_items(facts: Facts) -> Iterator[dict[str, Any]]:
    """The whole delivery log, newest first."""
    cursor: str | None = ""
    while cursor is not None:
        answer = requests.get(
            f"{facts['base_url']}/api/v1/deliveries",
            params={"limit": 200, "cursor": cursor or None},
            headers={"Authorization": f"Bearer {facts['server_key']}"},
            timeout=10,
        ).json()
        yield from answer["items"]
        cursor = answer["next_cursor"]


def deliveries(facts: Facts) -> dict[str, list[str]]:
    """Order → the states of its deliveries."""
    found: dict[str, list[str]] = {}
    for item in delivery_items(facts):
        found.setdefault(item["order_id"], []).append(item["state"])
    return found
