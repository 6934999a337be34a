"""Events as senders make them, and the requests that carry them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.marketplace import ORIGIN, Marketplace

ALL = {"analytics": True, "marketing": True, "data_processing": True}
NONE = dict.fromkeys(ALL, False)


def ago(**span: float) -> str:
    """The time so long ago, as senders write it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def consent(**changes: Any) -> dict[str, Any]:
    """A snapshot that grants everything, taken a minute ago."""
    return {**ALL, "captured_at": ago(minutes=1), **changes}


def event(name: str = "page_view", **changes: Any) -> dict[str, Any]:
    """An event of a browser, of a visitor of its own unless told; None as a change takes the field away."""
    token = uuid.uuid4().hex[:12]
    body: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "event_name": name,
        "event_version": 1,
        "occurred_at": ago(seconds=1),
        "source_system": "web",
        "visitor_id": f"v-{token}",
        "session_id": f"s-{token}",
        "consent_snapshot": consent(),
        "context": {"page": {"url": f"{ORIGIN}/event-1", "title": "Event 1"}},
    }
    return {field: value for field, value in {**body, **changes}.items() if value is not None}


def completed(number: str, **changes: Any) -> dict[str, Any]:
    """An `order_completed` as a backend may send it itself."""
    item = {"line": "1", "live_event_id": "ev-1", "organizer_id": "org-1", "quantity": 2, "unit_price": "90.00"}
    payload = {"gross_amount": "180.00", "net_amount": "151.26", "currency": "RON", "items": [item]}
    given = {"source_system": "backend", "entities": {"order_id": number}, "payload": payload, "context": None}
    return event("order_completed", **{**given, **changes})


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the marketplace's site, and the backend behind it."""

    client: FlaskClient
    marketplace: Marketplace

    def post(self, body: Any, path: str = "/api/tx/events/batch", **headers: str) -> TestResponse:
        """Send JSON with the write key."""
        return self.client.post(path, json=body, headers=self.marketplace.collect_headers(**headers))

    def send(self, *events: Any, sent_at: str | None = None, **headers: str) -> dict[str, Any]:
        """Send a batch with the write key; returns the counts."""
        body = {"events": list(events), **({"sent_at": sent_at} if sent_at else {})}
        return counts(self.post(body, **headers), len(events))

    def report(self, *events: Any) -> dict[str, Any]:
        """Send a batch with the server key; returns the counts."""
        answer = self.client.post(
            "/api/tx/events/batch", json={"events": list(events)}, headers=self.marketplace.bearer()
        )
        return counts(answer, len(events))

    def order(self, number: str = "A-1", **changes: Any) -> dict[str, Any]:
        """Report an order through the Orders API."""
        answer = self.client.post(
            "/api/v1/orders", json=self.marketplace.order(number, **changes), headers=self.marketplace.bearer()
        )
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.get_json()
        return body


def counts(answer: TestResponse, sent: int) -> dict[str, Any]:
    """The collector's answer, whose four counts sum to what was sent."""
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.get_json()
    assert sum(body[name] for name in ("accepted", "duplicates", "blocked_by_consent", "rejected")) == sent
    assert body["rejected"] == len(body["errors"])
    return body


def summary(body: dict[str, Any]) -> tuple[int, int, int, int]:
    """(accepted, duplicates, blocked by consent, rejected)."""
    return body["accepted"], body["duplicates"], body["blocked_by_consent"], body["rejected"]


def problems(body: dict[str, Any], index: int) -> list[tuple[str, str]]:
    """(pointer, rule) of everything wrong with the event at a position."""
    found = [entry["errors"] for entry in body["errors"] if entry["index"] == index]
    return [(item["pointer"], item["rule"]) for entry in found for item in entry]


def ids(events: Sequence[dict[str, Any]]) -> set[str]:
    """Their event ids."""
    return {item["event_id"] for item in events}
