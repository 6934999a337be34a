"""The requests that benchmarks send: events of a real page's size, configuration, orders."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.bench.load import Make

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
EVENTS_PER_VISIT = 20


def event(facts: dict[str, Any], visit: str, sequence_no: int, decided_at: str) -> dict[str, Any]:
    """A page view of about 1.2 KB, as the browser SDK sends it; the visitor decided once, at ``decided_at``."""
    now = datetime.now(UTC).isoformat()
    page = f"{facts['base_url']}/demo/events/{facts['demo_event_slug']}"
    return {
        "event_id": str(uuid.uuid4()),
        "event_name": "page_view",
        "event_version": 1,
        "occurred_at": now,
        "source_system": "web",
        "visitor_id": f"v-{visit}",
        "session_id": f"s-{visit}",
        "sequence_no": sequence_no,
        "consent_snapshot": {
            "analytics": True,
            "marketing": False,
            "data_processing": True,
            "captured_at": decided_at,
            "copy_hash": "3f1c9a7be2",
        },
        "context": {
            "page": {
                "url": f"{page}?utm_source=newsletter",
                "path": page,
                "title": "Castle Nights",
                "page_type": "event",
            },
            "referrer": "https://search.example/results?q=castle+nights+tickets",
            "utm": {"source": "newsletter", "medium": "email", "campaign": "autumn"},
            "click_ids": {"fbclid": "IwAR2x9cQ7vJYx0", "fbp": "fb.1.1795174347.1098115397"},
            "device": {
                "type": "desktop",
                "os": "Linux",
                "browser": "Chrome",
                "screen": "1920x1080",
                "viewport": "1600x900",
            },
        },
        "entities": {"event_entity_id": facts["demo_live_event_id"]},
        "payload": {"page_type": "event", "is_first_touch": sequence_no == 0, "navigation_type": "navigate"},
    }


def collector(facts: dict[str, Any], size: int) -> Make:
    """Requests with ``size`` events each; one event goes to the endpoint for one."""
    headers = {"X-Adrail-Key": facts["write_key"], "Content-Type": "application/json", "User-Agent": AGENT}
    visit, decided_at, sent = "", "", 0

    def make() -> tuple[str, str, dict[str, str], bytes]:
        nonlocal visit, decided_at, sent
        events = []
        for _ in range(size):
            if sent % EVENTS_PER_VISIT == 0:
                visit, decided_at = uuid.uuid4().hex, datetime.now(UTC).isoformat()
            events.append(event(facts, visit, sent % EVENTS_PER_VISIT, decided_at))
            sent += 1
        if size == 1:
            return "POST", "/api/tx/events", headers, orjson.dumps(events[0])
        body = {"sent_at": datetime.now(UTC).isoformat(), "events": events}
        return "POST", "/api/tx/events/batch", headers, orjson.dumps(body)

    return make


def tracking_config(facts: dict[str, Any]) -> Make:
    """Requests of a live event's page for its configuration."""
    path = f"/api/marketplace-client/events/{facts['demo_event_slug']}/tracking-config?key={facts['write_key']}"
    headers = {"User-Agent": AGENT}
    return lambda: ("GET", path, headers, b"")


def order(facts: dict[str, Any], number: str) -> tuple[str, str, dict[str, str], bytes]:
    """A consenting buyer's order of two tickets."""
    now = datetime.now(UTC).isoformat()
    body = {
        "external_id": number,
        "currency": "RON",
        "placed_at": now,
        "visitor_id": f"v-{number}",
        "session_id": f"s-{number}",
        "consent": {"marketing": True, "data_processing": True, "captured_at": now},
        "person": {"external_id": f"c-{number}", "email": f"{number}@example.com", "phone": "+40712345678"},
        "context": {"client_ip": "198.51.100.7", "user_agent": AGENT, "url": f"{facts['base_url']}/demo/thank-you"},
        "totals": {"gross": "180.00", "net": "151.26"},
        "items": [
            {
                "line": "1",
                "live_event_id": facts["demo_live_event_id"],
                "ticket_type_id": facts["demo_ticket_type_id"],
                "quantity": 2,
                "unit_price": "90.00",
            }
        ],
    }
    headers = {"Authorization": f"Bearer {facts['server_key']}", "Content-Type": "application/json"}
    return "POST", "/api/v1/orders", headers, orjson.dumps(body)
