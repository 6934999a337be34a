"""Calls of the catalogue's API that tests share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.test import TestResponse

from tests.core.catalog.backend import Backend

CATALOG = "/api/v1/catalog"


STARTS = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)


def put(backend: Backend, kind: str, rows: Sequence[Any], key: str | None = None, **headers: str) -> TestResponse:
    """Send rows as JSON."""
    return backend.client.put(
        f"{CATALOG}/{kind}", json={"items": rows}, headers={**backend.marketplace.bearer(key), **headers}
    )


def taken(answer: TestResponse) -> list[str]:
    """The outcome of each row; fails unless the call was answered with outcomes."""
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert sum(body[name] for name in ("created", "updated", "unchanged", "rejected")) == len(body["items"])
    return [item["outcome"] for item in body["items"]]


def problems(answer: TestResponse, index: int = 0) -> list[tuple[str, str]]:
    """Pointer and rule of what is wrong with one row."""
    assert answer.status_code == 200, answer.text
    item = answer.get_json()["items"][index]
    assert item["outcome"] == "rejected", item
    assert all(error["message"] for error in item["errors"])
    return [(error["pointer"], error["rule"]) for error in item["errors"]]


def get(backend: Backend, path: str, key: str | None = None, **query: Any) -> Any:
    """The answer of a GET that must succeed."""
    answer = backend.client.get(f"{CATALOG}/{path}", query_string=query, headers=backend.marketplace.bearer(key))
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def live_event(number: int = 10, **changes: Any) -> dict[str, Any]:
    """A live event of org-1 at v-1."""
    return {
        "external_id": f"ev-{number}",
        "organizer_id": "org-1",
        "venue_id": "v-1",
        "title": f"Șapte seri {number}",
        "starts_at": STARTS.isoformat(),
        "currency": "RON",
        **changes,
    }


EXAMPLES: dict[str, dict[str, Any]] = {
    "organizers": {"external_id": "org-9", "name": "Nocturne"},
    "venues": {
        "external_id": "v-9",
        "name": "Arena",
        "city": "Cluj",
        "country": "RO",
        "latitude": 46.77,
        "longitude": 23.57,
        "capacity": 9000,
    },
    "genres": {"external_id": "jazz", "name": "Jazz", "translations": {"ro": {"name": "Jaz"}}},
    "artists": {"external_id": "a-9", "name": "Nina P.", "country": "RO", "website": "https://nina.example/"},
    "live-events": live_event(),
    "ticket-types": {
        "external_id": "tt-9",
        "live_event_id": "ev-1",
        "name": "VIP",
        "category": "VIP",
        "price": "200.00",
        "sale_price": "150.00",
        "quota": 50,
    },
    "ticket-links": {
        "external_id": "tl-9",
        "live_event_id": "ev-1",
        "seller": "Bilete Online",
        "url": "https://bilete.example/event-1",
        "utm": {"source": "scena"},
        "commission_percent": 4.5,
    },
    "products": {
        "external_id": "p-9",
        "organizer_id": "org-1",
        "name": "Vinyl",
        "category": "Records",
        "seller": "Organiser org-1",
        "currency": "RON",
        "price": "120.00",
        "on_sale": True,
    },
    "affiliates": {"external_id": "af-9", "name": "Blog", "commission_percent": 5.0, "status": "active"},
}

SHOP_ORDER: dict[str, Any] = {
    "external_id": "so-9", "person_id": None, "visitor_id": "v-1", "status": "completed",
    "placed_at": STARTS.isoformat(), "currency": "RON", "gross": "255.00", "shipping": "15.00",
    "items": [{"line": "1", "product_id": "p-9", "quantity": 2, "unit_price": "120.00"}],
}  # fmt: skip
