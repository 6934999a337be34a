"""The endpoints of deliveries."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.core.delivery.world import World
from tests.marketplace import Marketplace

URL = "/api/v1/deliveries"


def body(answer: TestResponse) -> Any:
    return answer.get_json()


@pytest.fixture
def busy(world: World) -> World:
    """An order of which one organiser's part is dead."""
    world.fault("invalid_event", "org-2", blame=False)
    world.plan(world.order())
    world.deliver()
    return world


def test_the_log_comes_in_pages(busy: World, client: FlaskClient) -> None:
    headers = busy.marketplace.bearer()
    first = client.get(URL, headers=headers, query_string={"limit": 2})
    assert first.status_code == 200
    second = client.get(URL, headers=headers, query_string={"limit": 2, "cursor": body(first)["next_cursor"]})
    items = body(first)["items"] + body(second)["items"]
    assert [int(item["id"]) for item in items] == sorted((int(item["id"]) for item in items), reverse=True)
    assert {item["public_id"] for item in items} == set(busy.pixels.values())
    assert body(second)["next_cursor"] is None
    by_pixel = {item["public_id"]: item for item in items}
    own = by_pixel[busy.pixels["org-1"]]
    assert (own["value"], own["currency"], own["state"], own["live_event_id"]) == ("180.00", "RON", "accepted", "ev-1")


def test_an_organisers_token_shows_its_own_only(busy: World, client: FlaskClient) -> None:
    headers = busy.marketplace.bearer(busy.marketplace.organizer_keys["org-1"])
    listed = body(client.get(URL, headers=headers))["items"]
    assert [item["public_id"] for item in listed] == [busy.pixels["org-1"]]
    other = busy.rows("org-2")[0].id
    for answer in (
        client.get(f"{URL}/{other}", headers=headers),
        client.post(f"{URL}/{other}/replay", headers=headers),
    ):
        assert (answer.status_code, body(answer)["code"]) == (404, "not_found")


def test_one_delivery_shows_its_tries_masked_and_its_receipt(busy: World, client: FlaskClient) -> None:
    row = busy.rows("org-2")[0]
    answer = client.get(f"{URL}/{row.id}", headers=busy.marketplace.bearer())
    assert answer.status_code == 200
    shown = body(answer)
    assert (shown["delivery"]["state"], shown["can_replay"]) == ("dead", True)
    assert shown["explanation"]["happened"]
    assert shown["attempts"][0]["outcome"] == "invalid"
    assert shown["sent"]["user_data"]["client_ip_address"] == "sent"
    assert shown["consent_receipt"]["granted"] is True
    assert "198.51.100.7" not in answer.text
    assert answer.headers["Content-Type"] == "application/json"


def test_the_ledger_adds_up_over_http(busy: World, client: FlaskClient) -> None:
    answer = client.get(f"{URL}/ledger", headers=busy.marketplace.bearer(), query_string={"order": "A-1"})
    assert body(answer) == {
        "expected": 3,
        "accepted": 2,
        "ignored": 0,
        "pending": 0,
        "dead": 1,
        "reasons": {"invalid": 1},
    }


def test_a_dead_delivery_can_be_replayed_and_repeating_it_is_harmless(busy: World, client: FlaskClient) -> None:
    row = busy.rows("org-2")[0]
    answers = [client.post(f"{URL}/{row.id}/replay", headers=busy.marketplace.bearer()) for _ in range(2)]
    assert [(answer.status_code, body(answer)) for answer in answers] == [
        (200, {"replayed": 1}),
        (200, {"replayed": 0}),
    ]
    busy.deliver()
    assert busy.rows("org-2")[0].state == "accepted"


def test_a_replay_with_a_key_is_answered_again_as_it_was(busy: World, client: FlaskClient) -> None:
    row = busy.rows("org-2")[0]
    headers = {**busy.marketplace.bearer(), "Idempotency-Key": "once"}
    answers = [client.post(f"{URL}/{row.id}/replay", headers=headers) for _ in range(2)]
    assert [body(answer) for answer in answers] == [{"replayed": 1}] * 2
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_ids_are_text_and_those_beyond_any_row_are_not_found(busy: World, client: FlaskClient) -> None:
    headers = busy.marketplace.bearer()
    (item,) = body(client.get(URL, headers=headers, query_string={"limit": 1}))["items"]
    assert {type(item[name]) for name in ("id", "code_id", "connection_id")} == {str}
    assert body(client.get(f"{URL}/{item['id']}", headers=headers))["delivery"]["id"] == item["id"]
    assert client.get(f"{URL}/{2**63}", headers=headers).status_code == 404
    assert client.post(f"{URL}/{2**63}/replay", headers=headers).status_code == 404


@pytest.mark.parametrize(
    "query", [{"state": "lost"}, {"limit": "0"}, {"limit": "x"}, {"cursor": "nonsense"}, {"limit": "9999"}]
)
def test_a_wrong_filter_is_answered_with_its_name(world: World, client: FlaskClient, query: dict[str, str]) -> None:
    answer = client.get(URL, headers=world.marketplace.bearer(), query_string=query)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [problem["pointer"] for problem in body(answer)["errors"]] == [f"/{name}" for name in query]


def test_nobody_looks_without_a_key_or_into_another_marketplace(
    busy: World, other_marketplace: Marketplace, client: FlaskClient
) -> None:
    row = busy.rows("org-1")[0]
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert body(client.get(URL, headers=other_marketplace.bearer()))["items"] == []
    assert client.get(f"{URL}/{row.id}", headers=other_marketplace.bearer()).status_code == 404
    assert client.get(URL, headers={"Authorization": f"Bearer {busy.marketplace.write_key}"}).status_code == 401


def test_the_endpoints_are_documented(client: FlaskClient) -> None:
    paths = body(client.get("/api/openapi.json"))["paths"]
    assert {URL, f"{URL}/{{delivery_id}}", f"{URL}/ledger", f"{URL}/{{delivery_id}}/replay"} <= set(paths)
