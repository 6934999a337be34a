"""Statuses of live events: which may follow which, who is told, what remains, and ending by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.catalog import status_changes
from core.catalog.api import NEXT, STATUSES, StatusChange, on_status_change
from core.catalog.jobs import end_live_events, tell_status_change
from core.jobs import DEFAULT, queue
from tests.core.catalog.backend import Backend, pointers
from tests.pipeline import relay

LIVE_EVENTS = "/api/v1/catalog/live-events"
NOW = datetime.now(UTC)


@pytest.fixture
def told() -> Iterator[list[StatusChange]]:
    """What a subscriber hears."""
    heard: list[StatusChange] = []
    on_status_change("test", heard.append)
    yield heard
    status_changes.forget_listener("test")


def change(backend: Backend, name: str, status: str, reason: str = "", key: str | None = None) -> TestResponse:
    """Change a status by the endpoint."""
    body = {"status": status, "reason": reason}
    return backend.client.post(f"{LIVE_EVENTS}/{name}/status", json=body, headers=backend.marketplace.bearer(key))


def live_event(backend: Backend, status: str, *, over: bool = False) -> None:
    """Store ev-50 in a status, ended a day ago or to come."""
    starts = NOW + timedelta(days=-2 if over else 30)
    row = {
        "external_id": "ev-50",
        "organizer_id": "org-1",
        "title": "Fifty",
        "currency": "RON",
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=3)).isoformat(),
        "status": status,
    }
    answer = backend.client.put(LIVE_EVENTS, json={"items": [row]}, headers=backend.marketplace.bearer())
    assert answer.get_json()["created"] == 1, answer.text


def stored(backend: Backend, name: str = "ev-50") -> str:
    """The status that the table holds."""
    return next(str(row["status"]) for row in backend.rows("live_events") if row["external_id"] == name)


def news(backend: Backend) -> list[int]:
    """Ids of changes that wait in the outbox."""
    rows = backend.rows("event_outbox")
    return [row["payload"]["change_id"] for row in rows if row["topic"] == "live_event_status"]


@pytest.mark.parametrize("over", [False, True], ids=["to-come", "over"])
@pytest.mark.parametrize("before", STATUSES)
def test_only_what_may_follow_follows(backend: Backend, before: str, over: bool) -> None:
    allowed = {
        after for after in NEXT[before] if not (after == "ended" and not over) and not (before == "ended" and over)
    }
    for after in STATUSES:
        backend.admin.execute("DELETE FROM live_events WHERE external_id = 'ev-50'")
        live_event(backend, before, over=over)
        answer = change(backend, "ev-50", after)
        if after == before or after in allowed:
            assert (answer.status_code, stored(backend)) == (200, after), answer.text
        else:
            assert pointers(answer, 409) == ["/status"], (before, after)
            assert answer.get_json()["code"] == "transition_not_allowed"
            assert stored(backend) == before


def test_the_bulk_api_obeys_the_same_rules(backend: Backend) -> None:
    live_event(backend, "cancelled")
    rows = [{"external_id": "ev-50", "status": "on_sale"}, {"external_id": "ev-1", "status": "sold_out"}]
    answer = backend.client.put(LIVE_EVENTS, json={"items": rows}, headers=backend.marketplace.bearer()).get_json()
    assert [item["outcome"] for item in answer["items"]] == ["rejected", "updated"]
    [problem] = answer["items"][0]["errors"]
    assert (problem["pointer"], problem["rule"]) == ("/status", "transition")
    assert "make a new one" in problem["message"]
    assert len(news(backend)) == 1


def test_an_ended_event_comes_back_with_a_new_date(backend: Backend) -> None:
    live_event(backend, "ended", over=True)
    row = {
        "external_id": "ev-50",
        "status": "postponed",
        "starts_at": (NOW + timedelta(days=90)).isoformat(),
        "ends_at": None,
    }
    answer = backend.client.put(LIVE_EVENTS, json={"items": [row]}, headers=backend.marketplace.bearer())
    assert answer.get_json()["updated"] == 1, answer.text


def test_a_change_is_kept_with_its_reason_and_told_once(backend: Backend, told: list[StatusChange]) -> None:
    assert change(backend, "ev-1", "cancelled", "The singer is ill").status_code == 200
    assert change(backend, "ev-1", "cancelled", "again").status_code == 200
    headers = backend.marketplace.bearer()
    history = backend.client.get(f"{LIVE_EVENTS}/ev-1/status", headers=headers).get_json()
    assert [(item["before"], item["after"], item["reason"]) for item in history] == [
        ("on_sale", "cancelled", "The singer is ill")
    ]
    [change_id] = news(backend)
    relay()
    assert news(backend) == []
    wanted = ("core.catalog.jobs.tell_status_change", [backend.marketplace.tenant_id, change_id])
    assert wanted in [(job.func_name, job.args) for job in queue(DEFAULT).jobs]
    tell_status_change(*wanted[1])
    [heard] = told
    assert (heard.live_event_id, heard.organizer_id, heard.before, heard.after, heard.reason) == (
        "ev-1", "org-1", "on_sale", "cancelled", "The singer is ill",
    )  # fmt: skip
    assert (heard.id, heard.tenant_id) == (change_id, backend.marketplace.tenant_id)


def test_a_subscriber_that_fails_does_not_keep_the_news_from_others(backend: Backend, told: list[StatusChange]) -> None:
    def fail(_: StatusChange) -> None:
        raise RuntimeError("not now")

    on_status_change("a failing one", fail)
    try:
        change(backend, "ev-1", "cancelled")
        with pytest.raises(RuntimeError, match="not now"):
            tell_status_change(backend.marketplace.tenant_id, news(backend)[0])
    finally:
        status_changes.forget_listener("a failing one")
    assert [heard.after for heard in told] == ["cancelled"]


def test_nothing_is_told_when_the_change_is_not_stored(backend: Backend) -> None:
    backend.admin.execute(
        "ALTER TABLE audit_log ADD CONSTRAINT broken CHECK (action <> 'live_event.changed') NOT VALID"
    )
    try:
        answer = change(backend, "ev-1", "cancelled")
    finally:
        backend.admin.execute("ALTER TABLE audit_log DROP CONSTRAINT broken")
    assert answer.status_code in {409, 500}
    assert (stored(backend, "ev-1"), news(backend)) == ("on_sale", [])


def test_an_organiser_changes_its_own_only(backend: Backend) -> None:
    key = backend.marketplace.organizer_keys["org-2"]
    assert change(backend, "ev-3", "sold_out", key=key).status_code == 200
    assert pointers(change(backend, "ev-1", "cancelled", key=key), 404) == []
    assert stored(backend, "ev-1") == "on_sale"


def test_what_is_over_ends_by_the_schedule(backend: Backend) -> None:
    def row(name: str, status: str, starts: timedelta, ends: timedelta | None) -> dict[str, Any]:
        return {
            "external_id": name,
            "organizer_id": "org-1",
            "title": name,
            "currency": "RON",
            "status": status,
            "starts_at": (NOW + starts).isoformat(),
            "ends_at": (NOW + ends).isoformat() if ends else None,
        }

    hour = timedelta(hours=1)
    rows = [
        row("over", "on_sale", -4 * hour, -hour),
        row("over-and-sold-out", "sold_out", -4 * hour, -hour),
        row("playing", "on_sale", -hour, 2 * hour),
        row("open-end", "on_sale", -2 * hour, None),
        row("open-end-over", "on_sale", -13 * hour, None),
        row("drafted", "draft", -4 * hour, -hour),
        row("postponed", "postponed", -4 * hour, -hour),
    ]
    answer = backend.client.put(LIVE_EVENTS, json={"items": rows}, headers=backend.marketplace.bearer())
    assert answer.get_json()["created"] == len(rows)
    end_live_events()
    ended = {"over", "over-and-sold-out", "open-end-over"}
    for item in rows:
        expected = "ended" if item["external_id"] in ended else item["status"]
        assert stored(backend, item["external_id"]) == expected
    assert len(news(backend)) == len(ended)
    end_live_events()
    assert len(news(backend)) == len(ended)
