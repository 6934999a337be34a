"""Capture rate: what arrived of what browsers numbered, per site and local day, like an independent count says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from core.events.capture import measure_late, measure_recent
from tests.marketplace import Marketplace
from tests.pipeline import ingest
from tests.tracking.events import Page, event

TODAY = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)


def seen(client: FlaskClient, marketplace: Marketplace, query: str = "") -> list[tuple[Any, ...]]:
    """(day, site, visitors, received, missing) as the API has them, newest first."""
    answer = client.get(f"/api/v1/collection/capture{query}", headers=marketplace.bearer())
    assert answer.status_code == 200, answer.text
    names = ("day", "site_id", "visitors", "received", "missing")
    return [tuple(item[name] for name in names) for item in answer.get_json()["items"]]


def numbered(visitor: str, *numbers: int, days_ago: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """Events of a visitor with these numbers, on the same day."""
    at = (TODAY - timedelta(days=days_ago)).isoformat() if days_ago else None
    given = {"occurred_at": at} if at else {}
    return [event(visitor_id=visitor, sequence_no=number, **given, **changes) for number in numbers]


def send(page: Page, events: list[dict[str, Any]]) -> None:
    assert page.send(*events)["accepted"] == len(events)
    ingest()


def test_gaps_in_the_numbers_are_missing_events(page: Page, client: FlaskClient, marketplace: Marketplace) -> None:
    send(page, [*numbered("v-whole", 0, 1, 2), *numbered("v-gaps", 3, 4, 7, 10), *numbered("v-none", 5)])
    send(page, [event(visitor_id="v-app", sequence_no=None)])
    measure_recent()
    ((_, site, visitors, received, missing),) = seen(client, marketplace)
    assert (site, visitors, received, missing) == ("shop", 3, 8, 4)
    answer = client.get("/api/v1/collection/capture", headers=marketplace.bearer()).get_json()
    assert answer["items"][0]["rate"] == 8 / 12


def test_a_gap_belongs_to_the_day_after_it_and_late_events_close_it(
    page: Page, client: FlaskClient, marketplace: Marketplace
) -> None:
    send(page, [*numbered("v-1", 0, 1, days_ago=2), *numbered("v-1", 5, 6, days_ago=1)])
    measure_recent()
    counts = [row[3:] for row in seen(client, marketplace)]
    assert counts == [(2, 3), (2, 0)]

    send(page, numbered("v-1", 2, 3, 4, days_ago=2))
    measure_late()
    assert [row[3:] for row in seen(client, marketplace)] == [(2, 0), (5, 0)]
    assert [row[3:] for row in seen(client, marketplace, "?limit=1")] == [(2, 0)]


def test_a_gap_to_an_event_long_past_counts_in_every_run(
    page: Page, client: FlaskClient, marketplace: Marketplace
) -> None:
    send(page, [*numbered("v-1", 0, 1, days_ago=20), *numbered("v-1", 5, days_ago=1), *numbered("v-2", 7, days_ago=1)])
    for run in (measure_recent, measure_late, measure_recent):
        run()
        assert [row[2:] for row in seen(client, marketplace, "?limit=1")] == [(2, 2, 3)]


def test_another_marketplace_sees_its_own_alone(
    page: Page, client: FlaskClient, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    send(page, numbered("v-1", 0, 2))
    measure_recent()
    assert len(seen(client, marketplace, "?site_id=shop")) == 1
    assert seen(client, marketplace, "?site_id=another") == []
    assert seen(client, other_marketplace) == []
