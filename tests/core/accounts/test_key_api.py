"""Keys over HTTP: made within what the asking key may grant, told once, replaced and revoked."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.accounts.api import (
    KEY_SCOPES,
    KeyWish,
    authenticate_key,
    find_site,
    get_key,
    issue_key,
    list_keys,
    list_sites,
)
from tests.marketplace import Marketplace

KEYS, SITES = "/api/v1/keys", "/api/v1/sites"
MANAGERS = ("manage_keys", "place_orders", "view_orders")
Admin = psycopg.Connection[tuple[Any, ...]]


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody with a key."""

    client: FlaskClient
    key: str

    def get(self, path: str) -> TestResponse:
        """Read."""
        return self.client.get(path, headers={"Authorization": f"Bearer {self.key}"})

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Write."""
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {self.key}", **headers})


@pytest.fixture
def manager(client: FlaskClient, marketplace: Marketplace) -> Caller:
    """A server key that may make keys, and report and read orders."""
    wish = KeyWish("server", "manager", scopes=MANAGERS)
    return Caller(client, issue_key(marketplace.staff, wish).key)


@pytest.fixture
def agency(client: FlaskClient, marketplace: Marketplace) -> Caller:
    """An organiser's token that may make others."""
    wish = KeyWish("organizer", "agency", "org-1", scopes=["manage_keys", "view_deliveries"])
    return Caller(client, issue_key(marketplace.staff, wish).key)


def made(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_a_key_is_made_and_read_without_itself(manager: Caller) -> None:
    end = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    body = made(manager.post(KEYS, {"kind": "server", "name": "shop", "scopes": ["place_orders"], "expires_at": end}))
    actor = authenticate_key(body["key"])
    assert actor is not None
    assert actor.permissions == {"place_orders"}
    read = manager.get(f"{KEYS}/{body['id']}").get_json()
    assert read == {name: value for name, value in body.items() if name != "key"}
    assert (read["state"], read["scopes"], read["prefix"]) == ("active", ["place_orders"], body["key"][:16])
    assert datetime.fromisoformat(read["expires_at"]) == datetime.fromisoformat(end)


@pytest.mark.parametrize("scope", [scope for scope in KEY_SCOPES["server"] if scope not in MANAGERS])
def test_no_key_hands_out_what_it_may_not_do(manager: Caller, scope: str) -> None:
    answer = manager.post(KEYS, {"kind": "server", "name": "more", "scopes": ["place_orders", scope]})
    assert code(answer) == (403, "scope_not_grantable")
    assert scope in answer.get_json()["detail"]


def test_nor_by_leaving_the_choice_open_or_replacing_a_stronger_key(manager: Caller, marketplace: Marketplace) -> None:
    body = made(manager.post(KEYS, {"kind": "server", "name": "usual"}))
    assert body["scopes"] == ["place_orders", "view_orders"]
    actor = authenticate_key(marketplace.server_key)
    assert actor is not None
    strong = actor.label.partition(":")[2]
    assert code(manager.post(f"{KEYS}/{strong}/rotate")) == (403, "scope_not_grantable")


def test_an_organisers_token_makes_tokens_of_its_organiser_only(agency: Caller, marketplace: Marketplace) -> None:
    body = made(agency.post(KEYS, {"kind": "organizer", "name": "intern", "scopes": ["view_deliveries"]}))
    actor = authenticate_key(body["key"])
    assert actor is not None
    assert actor.organizer_id == marketplace.organizers["org-1"]
    assert agency.post(KEYS, {"kind": "organizer", "name": "x", "organizer": "org-2"}).status_code == 422
    assert agency.post(KEYS, {"kind": "server", "name": "x"}).status_code == 422
    listed = agency.get(KEYS).get_json()["items"]
    assert {item["organizer"] for item in listed} == {"org-1"}
    assert agency.get(SITES).status_code == 403
    foreign = [item.id for item in marketplace_keys(marketplace) if item.organizer != "org-1"]
    for number in foreign:
        assert code(agency.get(f"{KEYS}/{number}")) == (404, "not_found")
        for verb in ("rotate", "revoke"):
            assert code(agency.post(f"{KEYS}/{number}/{verb}")) == (404, "not_found")


def marketplace_keys(marketplace: Marketplace) -> list[Any]:
    return [get_key(marketplace.staff, number) for number in all_ids(marketplace)]


def all_ids(marketplace: Marketplace) -> list[int]:
    return [item.id for item in list_keys(marketplace.staff).items]


def test_keys_of_other_marketplaces_do_not_exist(manager: Caller, other_marketplace: Marketplace) -> None:
    for number in all_ids(other_marketplace):
        assert code(manager.get(f"{KEYS}/{number}")) == (404, "not_found")
        for verb in ("rotate", "revoke"):
            assert code(manager.post(f"{KEYS}/{number}/{verb}")) == (404, "not_found")
    (site,) = list_sites(other_marketplace.staff)
    for verb in ("rotate", "retire"):
        assert code(manager.post(f"{SITES}/{site.id}/write-key/{verb}")) == (404, "not_found")
    assert authenticate_key(other_marketplace.server_key) is not None


def test_a_key_is_replaced_with_overlap_and_revoked(manager: Caller) -> None:
    old = made(manager.post(KEYS, {"kind": "server", "name": "shop", "scopes": ["place_orders"]}))
    new = made(manager.post(f"{KEYS}/{old['id']}/rotate", {"overlap_hours": 2}))
    assert authenticate_key(old["key"]) is not None
    assert authenticate_key(new["key"]) is not None
    before = manager.get(f"{KEYS}/{old['id']}").get_json()
    assert (before["state"], before["replaced_by"]) == ("ending", new["id"])
    left = datetime.fromisoformat(before["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=55) < left <= timedelta(hours=2)
    assert new["expires_at"] is None
    assert code(manager.post(f"{KEYS}/{old['id']}/rotate")) == (409, "key_not_active")

    assert manager.post(f"{KEYS}/{old['id']}/revoke").get_json()["state"] == "revoked"
    assert authenticate_key(old["key"]) is None
    assert authenticate_key(new["key"]) is not None
    assert manager.post(f"{KEYS}/{old['id']}/revoke").status_code == 200


def test_the_new_key_lives_as_long_as_the_old_one_was_made_to(manager: Caller, admin_connection: Admin) -> None:
    end = datetime.now(UTC) + timedelta(days=30)
    old = made(manager.post(KEYS, {"kind": "server", "name": "s", "expires_at": end.isoformat()}))
    admin_connection.execute(
        "UPDATE api_keys SET created_at = created_at - interval '20 days', expires_at = expires_at - interval '20 days'"
        " WHERE id = %s",
        [old["id"]],
    )
    new = made(manager.post(f"{KEYS}/{old['id']}/rotate"))
    assert abs(datetime.fromisoformat(new["expires_at"]) - end) < timedelta(minutes=5)
    shorter = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    last = made(manager.post(f"{KEYS}/{new['id']}/rotate", {"expires_at": shorter}))
    assert datetime.fromisoformat(last["expires_at"]) == datetime.fromisoformat(shorter)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": "write"}, "/kind"),
        ({"kind": None}, "/kind"),
        ({"name": ""}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"name": "a\u2028b"}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes/0"),
        ({"scopes": ["collect_scans"]}, "/scopes"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at"),
        ({"kind": "organizer"}, "/organizer"),
        ({"kind": "scanner", "gate": "g", "device": "d"}, "/live_event"),
        ({"kind": "scanner", "live_event": "ev-1", "device": "d"}, "/gate"),
        ({"surprise": 1}, "/surprise"),
    ],
    ids=range(15),
)
def test_what_is_wrong_is_named(manager: Caller, change: dict[str, Any], pointer: str) -> None:
    answer = manager.post(KEYS, {"kind": "server", "name": "x", **change})
    assert code(answer) == (422, "invalid_input")
    assert pointer in {item["pointer"] for item in answer.get_json()["errors"]}


@pytest.mark.parametrize("hours", [-1, 721, "two", 1.5])
def test_an_overlap_out_of_bounds_is_named(manager: Caller, marketplace: Marketplace, hours: Any) -> None:
    number = all_ids(marketplace)[0]
    (site,) = list_sites(marketplace.staff)
    for path in (f"{KEYS}/{number}/rotate", f"{SITES}/{site.id}/write-key/rotate"):
        answer = manager.post(path, {"overlap_hours": hours})
        assert [item["pointer"] for item in answer.get_json()["errors"]] == ["/overlap_hours"]


def test_lists_come_in_pages_and_by_kind(manager: Caller) -> None:
    for number in range(5):
        made(manager.post(KEYS, {"kind": "server", "name": f"n{number}"}))
    seen, cursor = [], ""
    for _ in itertools.count():
        page = manager.get(f"{KEYS}?limit=3&kind=server{cursor}").get_json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [item["name"] for item in seen] == ["n4", "n3", "n2", "n1", "n0", "manager", "first server key"]
    assert "key" not in seen[0]
    assert manager.get(f"{KEYS}?kind=nothing").status_code == 422


def test_an_answer_that_holds_a_key_is_given_again_and_kept_unreadable(
    manager: Caller, marketplace: Marketplace, admin_connection: Admin, client: FlaskClient
) -> None:
    body = {"kind": "server", "name": "once", "scopes": ["place_orders"]}
    first = manager.post(KEYS, body, **{"Idempotency-Key": "k-1"})
    again = manager.post(KEYS, body, **{"Idempotency-Key": "k-1"})
    assert made(first) == made(again)
    assert again.headers["Idempotent-Replayed"] == "true"
    kept = admin_connection.execute(
        "SELECT response FROM idempotency_records WHERE tenant_id = %s", [marketplace.tenant_id]
    ).fetchall()
    assert len(kept) == 1
    assert made(first)["key"].encode() not in bytes(kept[0][0])
    assert b"once" not in bytes(kept[0][0])
    wish = KeyWish("server", "other", scopes=MANAGERS)
    other = Caller(client, issue_key(marketplace.staff, wish).key)
    assert made(other.post(KEYS, body, **{"Idempotency-Key": "k-1"}))["key"] != made(first)["key"]


def test_a_write_key_is_replaced_and_ended(manager: Caller, marketplace: Marketplace) -> None:
    (site,) = manager.get(SITES).get_json()["items"]
    assert (site["write_key"], site["previous_write_key"]) == (marketplace.write_key, None)
    path = f"{SITES}/{site['id']}/write-key"
    now = manager.post(f"{path}/rotate", {"overlap_hours": 5}).get_json()
    assert now["previous_write_key"] == marketplace.write_key
    for key in (now["write_key"], marketplace.write_key):
        found = find_site(key)
        assert found is not None
        assert found.tenant_id == marketplace.tenant_id
    assert code(manager.post(f"{path}/rotate")) == (409, "key_not_active")
    for _ in range(2):
        assert manager.post(f"{path}/retire").get_json()["previous_write_key"] is None
    assert find_site(marketplace.write_key) is None
