"""The JSON API of tracking codes as organisers and marketplaces use it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from core.connections.api import list_connections
from tests.core.codes.helpers import PROVIDER, TOKEN, settings
from tests.marketplace import Marketplace

URL = "/api/marketplace-client/organizer/tracking-codes"
P1, P2 = "100000000000001", "100000000000002"
Headers = dict[str, str]


@pytest.fixture
def seller(marketplace: Marketplace) -> Headers:
    return marketplace.bearer(marketplace.organizer_keys["org-1"])


@pytest.fixture
def rival(marketplace: Marketplace) -> Headers:
    return marketplace.bearer(marketplace.organizer_keys["org-2"])


def new(public_id: str = P1, **target: Any) -> dict[str, Any]:
    return {"provider": PROVIDER, "settings": settings(public_id, access_token=TOKEN), **target}


def created(client: FlaskClient, headers: Headers, **target: Any) -> dict[str, Any]:
    response = client.post(URL, json=new(**target), headers=headers)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.get_json()
    return body


def test_created_code_reads_back_without_its_secret(client: FlaskClient, seller: Headers) -> None:
    response = client.post(URL, json=new(live_event_id="ev-1"), headers=seller)
    assert response.status_code == 201
    assert TOKEN not in response.text
    code = response.get_json()
    assert (code["level"], code["organizer_id"], code["live_event_id"]) == ("live_event", "org-1", "ev-1")
    assert code["server"]["state"] == "active"
    again = client.get(f"{URL}/{code['id']}", headers=seller)
    assert again.get_json() == code
    assert again.headers["ETag"] == '"1"'


def test_what_get_answers_may_be_put_back(client: FlaskClient, seller: Headers) -> None:
    code = created(client, seller)
    response = client.put(f"{URL}/{code['id']}", json=code, headers=seller)
    assert response.status_code == 200, response.text
    assert response.get_json()["settings"] == code["settings"]
    assert response.get_json()["server"] is not None


def test_patch_changes_what_it_names(client: FlaskClient, seller: Headers) -> None:
    code = created(client, seller)
    response = client.patch(f"{URL}/{code['id']}", json={"enabled": False}, headers=seller)
    changed = response.get_json()
    assert changed == {**code, "enabled": False, "version": 2, "updated_at": changed["updated_at"]}


def test_change_on_top_of_an_old_version_is_refused(client: FlaskClient, seller: Headers) -> None:
    code = created(client, seller)
    url = f"{URL}/{code['id']}"
    assert client.patch(url, json={"enabled": False}, headers={**seller, "If-Match": '"1"'}).status_code == 200
    late = client.patch(url, json={"enabled": True}, headers={**seller, "If-Match": '"1"'})
    assert (late.status_code, late.get_json()["code"]) == (409, "version_conflict")
    in_body = client.put(url, json=code, headers=seller)
    assert in_body.status_code == 409
    nonsense = client.patch(url, json={}, headers={**seller, "If-Match": "abc"})
    assert (nonsense.status_code, nonsense.get_json()["errors"][0]["pointer"]) == (422, "/If-Match")


def test_deleted_code_is_gone(client: FlaskClient, seller: Headers) -> None:
    url = f"{URL}/{created(client, seller)['id']}"
    assert client.delete(url, headers=seller).status_code == 204
    assert client.get(url, headers=seller).status_code == 404


def test_repeated_post_with_the_same_key_makes_one_code(client: FlaskClient, seller: Headers, rival: Headers) -> None:
    keyed = {"Idempotency-Key": "k-1"}
    first = client.post(URL, json=new(), headers={**seller, **keyed})
    second = client.post(URL, json=new(), headers={**seller, **keyed})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert len(client.get(URL, headers=seller).get_json()["items"]) == 1
    other = client.post(URL, json=new(), headers={**rival, **keyed})
    assert other.get_json()["organizer_id"] == "org-2"


def test_others_codes_do_not_exist(
    client: FlaskClient, seller: Headers, rival: Headers, other_marketplace: Marketplace
) -> None:
    url = f"{URL}/{created(client, seller)['id']}"
    for stranger in (rival, other_marketplace.bearer()):
        answers = [
            client.get(url, headers=stranger),
            client.put(url, json=new(), headers=stranger),
            client.patch(url, json={"enabled": False}, headers=stranger),
            client.delete(url, headers=stranger),
            client.post(f"{url}/test", headers=stranger),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        assert client.get(URL, headers=stranger).get_json()["items"] == []
    assert client.post(URL, json=new(P2, live_event_id="ev-1"), headers=rival).status_code == 404
    assert client.post(URL, json=new(P2, level="marketplace"), headers=rival).status_code == 403


def test_server_key_sets_codes_for_everybody(client: FlaskClient, marketplace: Marketplace) -> None:
    staff = marketplace.bearer()
    assert created(client, staff, level="marketplace")["organizer_id"] is None
    assert created(client, staff, organizer_id="org-2")["level"] == "organizer"
    unstated = client.post(URL, json=new(), headers=staff)
    assert (unstated.status_code, unstated.get_json()["errors"][0]["pointer"]) == (422, "/organizer_id")


def test_wrong_fields_are_named_with_pointer_and_remedy(client: FlaskClient, seller: Headers) -> None:
    bad = {"provider": PROVIDER, "enabled": "maybe", "settings": {"pixel_id": "1"}, "colour": "red"}
    response = client.post(URL, json=bad, headers=seller)
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    assert {item["pointer"] for item in response.get_json()["errors"]} == {"/enabled", "/colour"}
    response = client.post(URL, json={"provider": PROVIDER, "settings": {"pixel_id": "<x>"}}, headers=seller)
    (problem,) = response.get_json()["errors"]
    assert problem["pointer"] == "/settings/pixel_id"
    assert "for example" in problem["message"]
    unknown = client.post(URL, json={"provider": "nobody", "settings": {}}, headers=seller)
    assert PROVIDER in unknown.get_json()["errors"][0]["message"]


def test_second_code_for_a_place_conflicts_with_a_remedy(client: FlaskClient, seller: Headers) -> None:
    code = created(client, seller)
    response = client.post(URL, json=new(P2), headers=seller)
    assert (response.status_code, response.get_json()["code"]) == (409, "code_exists")
    assert f"change code {code['id']}" in response.get_json()["detail"]


def test_list_is_filtered_and_paged(client: FlaskClient, seller: Headers) -> None:
    created(client, seller)
    own = created(client, seller, live_event_id="ev-1", enabled=False)
    created(client, seller, live_event_id="ev-2")
    found = client.get(URL, query_string={"event": "ev-1", "enabled": "false"}, headers=seller).get_json()["items"]
    assert [item["id"] for item in found] == [own["id"]]
    first = client.get(URL, query_string={"limit": 2}, headers=seller).get_json()
    rest = client.get(URL, query_string={"limit": 2, "cursor": first["next_cursor"]}, headers=seller).get_json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert client.get(URL, query_string={"cursor": "made-up"}, headers=seller).status_code == 422


def test_key_is_needed(client: FlaskClient, marketplace: Marketplace) -> None:
    assert client.get(URL).status_code == 401
    assert client.get(URL, headers=marketplace.bearer("ak_organizer_unknown")).status_code == 401


def test_test_event_reaches_the_platform_and_its_answer_is_told(
    client: FlaskClient, marketplace: Marketplace, seller: Headers
) -> None:
    code = created(client, seller)
    url = f"{URL}/{code['id']}/test"
    checked = client.post(url, headers=seller).get_json()
    assert (checked["ok"], checked["kind"]) == (True, "health")
    sent = client.post(url, json={"test_event_code": "TEST123"}, headers=seller).get_json()
    assert (sent["ok"], sent["kind"]) == (True, "test_event")
    assert "accepted" in sent["summary"]


def test_dead_token_is_told_in_plain_words_and_stops_the_connection(
    client: FlaskClient, marketplace: Marketplace, seller: Headers
) -> None:
    code = created(client, seller)
    client.patch(f"{URL}/{code['id']}", json={"settings": {"access_token": "not a token"}}, headers=seller)
    refused = client.post(f"{URL}/{code['id']}/test", json={"test_event_code": "TEST123"}, headers=seller).get_json()
    assert (refused["ok"], refused["kind"]) == (False, "test_event")
    assert refused["platform_code"]
    assert refused["summary"]
    assert refused["remedy"]
    (connection,) = list_connections(marketplace.staff).items
    assert connection.state == "needs_reconnect"
    client.patch(f"{URL}/{code['id']}", json={"settings": {"access_token": TOKEN}}, headers=seller)
    assert client.get(f"{URL}/{code['id']}", headers=seller).get_json()["server"]["state"] == "active"


def test_an_id_beyond_any_row_is_not_found(client: FlaskClient, seller: Headers) -> None:
    for answer in (
        client.get(f"{URL}/{2**63}", headers=seller),
        client.patch(f"{URL}/{2**63}", json={"enabled": False}, headers=seller),
        client.delete(f"{URL}/{2**63}", headers=seller),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_browser_only_code_has_nothing_to_ask(client: FlaskClient, seller: Headers) -> None:
    body = {"provider": PROVIDER, "settings": settings(P1)}
    code = client.post(URL, json=body, headers=seller).get_json()
    answer = client.post(f"{URL}/{code['id']}/test", headers=seller).get_json()
    assert (answer["ok"], answer["kind"]) == (False, "none")
    assert "token" in answer["remedy"]
