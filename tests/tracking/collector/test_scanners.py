"""Scanner keys at the collector: what happens at their own gate, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.api import KeyWish, issue_key, list_keys, revoke_key
from tests.marketplace import Marketplace
from tests.pipeline import ingest
from tests.tracking.events import Page, ago, counts, event, problems, summary
from tests.tracking.store import Store

BATCH = "/api/tx/events/batch"
Send = Callable[..., TestResponse]


def scan(name: str = "ticket_scan_result", **changes: Any) -> dict[str, Any]:
    """What a scanner sends when it leaves out what its key says already."""
    body = {
        "event_id": str(uuid.uuid4()),
        "event_name": name,
        "event_version": 1,
        "occurred_at": ago(minutes=5),
        "source_system": "scanner",
        "payload": {"scanner_session_id": "sc-1", "scan_type": "entry", "result": "valid"},
    }
    return {**body, **changes}


@pytest.fixture
def scanner_key(marketplace: Marketplace) -> str:
    """A key of one device at the north gate of ev-1."""
    wish = KeyWish("scanner", "north 7", live_event="ev-1", gate="north", device="dev-7")
    return issue_key(marketplace.staff, wish).key


@pytest.fixture
def send(client: FlaskClient, marketplace: Marketplace, scanner_key: str) -> Send:
    """Send a batch with the scanner key."""

    def post(*events: dict[str, Any], path: str = BATCH) -> TestResponse:
        return client.post(path, json={"events": list(events)}, headers=marketplace.bearer(scanner_key))

    return post


def test_a_scan_is_stored_with_the_place_its_key_is_bound_to(send: Send, store: Store) -> None:
    sent = scan()
    assert summary(counts(send(sent), 1)) == (1, 0, 0, 0)
    ingest()
    (row,) = store.events()
    assert row["source_system"] == "scanner"
    assert row["entities"]["event_entity_id"] == "ev-1"
    assert row["payload"]["gate_id"] == "north"
    assert row["payload"]["device_id"] == row["context"]["device"]["id"] == "dev-7"
    assert row["trusted"] is False


def test_a_single_event_and_one_that_names_its_own_place_are_taken(
    client: FlaskClient, marketplace: Marketplace, scanner_key: str
) -> None:
    own = scan(
        entities={"event_entity_id": "ev-1"},
        payload={**scan()["payload"], "gate_id": "north", "device_id": "dev-7"},
        context={"device": {"id": "dev-7", "os": "Android"}},
    )
    answer = client.post("/api/tx/events", json=own, headers=marketplace.bearer(scanner_key))
    assert summary(counts(answer, 1)) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"entities": {"event_entity_id": "ev-2"}}, "wrong_live_event", "/entities/event_entity_id"),
        ({"payload": {"gate_id": "south"}}, "wrong_gate", "/payload/gate_id"),
        ({"payload": {"device_id": "dev-8"}}, "wrong_device", "/payload/device_id"),
        ({"context": {"device": {"id": "dev-8"}}}, "wrong_device", "/context/device/id"),
        ({"payload": {"gate_id": ["north"]}}, "wrong_gate", "/payload/gate_id"),
        ({"source_system": "backend"}, "wrong_source", "/source_system"),
        ({"source_system": "web"}, "wrong_source", "/source_system"),
        ({"source_system": None}, "wrong_source", "/source_system"),
        ({"tenant_id": "999999"}, "wrong_tenant", "/tenant_id"),
    ],
    ids=range(9),
)
def test_what_is_not_of_its_gate_is_refused_by_name(
    send: Send, changes: dict[str, Any], code: str, pointer: str
) -> None:
    payload = {**scan()["payload"], **changes.get("payload", {})}
    body = counts(send(scan(**{**changes, "payload": payload}), scan()), 2)
    assert summary(body) == (1, 0, 0, 1)
    assert body["errors"][0]["code"] == code
    assert problems(body, 0) == [(pointer, "owner")]


@pytest.mark.parametrize("place", [{"entities": []}, {"payload": "x"}, {"context": 7}, {"context": {"device": []}}])
def test_a_place_of_another_kind_is_the_schemas_case(send: Send, place: dict[str, Any]) -> None:
    body = counts(send(scan(**place)), 1)
    assert summary(body) == (0, 0, 0, 1)
    assert body["errors"][0]["code"] == "schema"


def test_a_purchase_cannot_be_smuggled_in_as_a_scan(send: Send) -> None:
    item = {"line": "1", "live_event_id": "ev-1", "organizer_id": "org-1", "quantity": 1, "unit_price": "1.00"}
    payload = {"gross_amount": "1.00", "net_amount": "1.00", "currency": "RON", "items": [item]}
    forged = scan("order_completed", entities={"order_id": "A-1"}, payload=payload)
    assert summary(counts(send(forged, event()), 2)) == (0, 0, 0, 2)


def test_a_write_key_cannot_send_scans(page: Page) -> None:
    sent = scan(entities={"event_entity_id": "ev-1"}, visitor_id="v-1", session_id="s-1")
    sent["payload"]["gate_id"] = "north"
    body = page.send(sent)
    assert (body["rejected"], body["errors"][0]["code"]) == (1, "wrong_source")
    assert page.report({**sent, "event_id": str(uuid.uuid4())})["accepted"] == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/tx/consent"),
        ("GET", "/api/tx/consent?visitor_id=v-1"),
        ("POST", "/api/tx/collect"),
        ("POST", "/api/v1/orders"),
        ("GET", "/api/v1/keys"),
        ("GET", "/api/v1/deliveries"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/marketplace-client/organizer/tracking-codes"),
    ],
)
def test_a_scanner_key_opens_no_other_door(
    client: FlaskClient, marketplace: Marketplace, scanner_key: str, method: str, path: str
) -> None:
    answer = client.open(path, method=method, json={}, headers=marketplace.bearer(scanner_key))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "permission_missing")


def test_a_revoked_scanner_is_refused_at_once(marketplace: Marketplace, send: Send, scanner_key: str) -> None:
    assert send(scan()).status_code == 202
    made = next(item for item in list_keys(marketplace.staff).items if item.kind == "scanner")
    revoke_key(marketplace.staff, made.id)
    answer = send(scan())
    assert (answer.status_code, answer.get_json()["code"]) == (401, "invalid_key")
