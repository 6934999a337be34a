"""Who may send: keys, origins, preflights, beacons."""

from __future__ import annotations

import orjson
import pytest
from flask.testing import FlaskClient

from tests.marketplace import ORIGIN, Marketplace
from tests.pipeline import ingest
from tests.tracking.events import Page, event
from tests.tracking.store import Store

PATHS = ("/api/tx/events", "/api/tx/events/batch", "/api/tx/collect")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "key_missing"),
        ({"X-Adrail-Key": "ak_write_nobody"}, "invalid_key"),
        ({"X-Adrail-Key": "x" * 5000}, "invalid_key"),
        ({"Authorization": "Bearer ak_server_nobody"}, "invalid_key"),
    ],
)
def test_an_unknown_key_is_refused(
    client: FlaskClient, database: str, path: str, headers: dict[str, str], code: str
) -> None:
    answer = client.post(path, json={"events": [event()]}, headers=headers)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.get_json()["code"] == code


@pytest.mark.parametrize("key", ["%00", "ak_write_%00", "%ED%A0%80", "ă"])
def test_a_strange_key_in_the_query_is_refused(client: FlaskClient, database: str, key: str) -> None:
    answer = client.post(f"/api/tx/collect?key={key}", json={"events": []})
    assert answer.status_code in {400, 401}
    assert answer.content_type == "application/problem+json"


def test_an_organisers_key_may_not_send(client: FlaskClient, marketplace: Marketplace) -> None:
    headers = marketplace.bearer(marketplace.organizer_keys["org-1"])
    answer = client.post("/api/tx/events", json=event(), headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "permission_missing")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://shop.example", f"{ORIGIN}.evil.example", "http://[", "//", "x\tb"],
)
def test_a_foreign_origin_is_refused_and_told_nothing_more(page: Page, origin: str) -> None:
    answer = page.post({"events": [event()]}, Origin=origin)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_sites_pages_may_read_answers_and_refusals(page: Page) -> None:
    for body in ({"events": [event()]}, {"events": 7}):
        answer = page.post(body)
        assert answer.status_code in {202, 422}
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_of_our_own_and_a_caller_without_origin_may_send(page: Page) -> None:
    key = {"X-Adrail-Key": page.marketplace.write_key}
    for headers in (key, {**key, "Origin": "http://localhost"}):
        assert page.client.post("/api/tx/events", json=event(), headers=headers).status_code == 202


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_needs_no_key(client: FlaskClient, path: str) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-adrail-key",
    }
    answer = client.options(path, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert all(name in allowed for name in ("content-type", "content-encoding", "x-adrail-key"))


@pytest.mark.parametrize("kind", ["text/plain;charset=UTF-8", "application/json", "application/octet-stream"])
def test_a_beacon_carries_a_batch_with_the_key_in_the_query(page: Page, store: Store, kind: str) -> None:
    sent = event()
    answer = page.client.post(
        f"/api/tx/collect?key={page.marketplace.write_key}",
        data=orjson.dumps({"events": [sent, {}]}),
        headers={"Content-Type": kind, "Origin": ORIGIN},
    )
    assert (answer.status_code, answer.data) == (204, b"")
    ingest()
    assert store.event_ids() == [sent["event_id"]]
    assert len(store.rows("tx_rejected_events")) == 1


def test_a_beacon_may_carry_one_event(page: Page, store: Store) -> None:
    sent = event()
    answer = page.client.post(f"/api/tx/collect?key={page.marketplace.write_key}", data=orjson.dumps(sent))
    assert answer.status_code == 204
    ingest()
    assert store.event_ids() == [sent["event_id"]]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_told_so(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/tx/events", method=method)
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert "POST" in answer.headers["Allow"]
