"""Keys: who looks after them makes, replaces and revokes them by page; nobody else does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask

from core.accounts.api import KeyView, authenticate_key, get_key, list_keys
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable

Admin = psycopg.Connection[tuple[Any, ...]]
KEY = re.compile(r"ak_(?:server|organizer|scanner)_[\w-]{43}")
DAY = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
GATE = {"live_event": "ev-1", "gate": "north", "device": "dev-7"}


@pytest.fixture
def admin(app: Flask, marketplace: Marketplace) -> Person:
    """An administrator of the whole marketplace."""
    return member(app, marketplace, None, "admin")


@pytest.fixture
def owner(app: Flask, marketplace: Marketplace) -> Person:
    """The owner of the first organiser."""
    return member(app, marketplace, "org-1", "owner")


def made(person: Person, kind: str, **fields: Any) -> str:
    """Make a key by the form; returns the key itself."""
    answer = person.send(f"/keys/new/{kind}", {"name": "a test", **fields})
    assert answer.status_code == 200, readable(answer.text)
    keys = set(KEY.findall(answer.text))
    assert len(keys) == 1
    return str(keys.pop())


def newest(marketplace: Marketplace) -> KeyView:
    return list_keys(marketplace.staff).items[0]


def audited(admin_connection: Admin, marketplace: Marketplace, action: str) -> list[tuple[Any, ...]]:
    rows = admin_connection.execute(
        "SELECT actor, subject, detail FROM audit_log WHERE tenant_id = %s AND action = %s AND actor LIKE 'user:%%'",
        [marketplace.tenant_id, action],
    )
    return rows.fetchall()


def test_a_new_key_is_shown_once_and_may_what_was_chosen(
    admin: Person, marketplace: Marketplace, admin_connection: Admin
) -> None:
    answer = admin.send(
        "/keys/new/server", {"name": "backend", "scope": ["place_orders", "view_orders"], "expires": DAY}
    )

    (key,) = set(KEY.findall(answer.text))
    assert answer.headers["Cache-Control"] == "no-store"
    actor = authenticate_key(key)
    assert actor is not None
    assert (actor.tenant_id, actor.organizer_id) == (marketplace.tenant_id, None)
    assert actor.permissions == {"place_orders", "view_orders"}
    view = newest(marketplace)
    assert view.expires_at is not None
    assert view.expires_at.astimezone(UTC).date().isoformat() == DAY
    text = readable(admin.get(f"/keys/{view.id}"))
    assert "Report orders and refunds Read orders" in text
    assert "Works" in text
    for page in ("/keys/", f"/keys/{view.id}"):
        assert not KEY.search(admin.get(page))
    ((who, subject, detail),) = audited(admin_connection, marketplace, "key.created")
    assert who.startswith("user:")
    assert (subject, detail["scopes"]) == (actor.label, ["place_orders", "view_orders"])


def test_the_form_offers_the_usual_scopes_and_leaves_the_dangerous_ones_out(admin: Person) -> None:
    boxes = [box for box in Elements(admin.get("/keys/new/server")).named("input") if box.get("name") == "scope"]
    assert {box["value"] for box in boxes if "checked" not in box} == {"manage_keys", "manage_users", "view_audit"}


def test_a_scanner_key_is_bound(admin: Person, marketplace: Marketplace) -> None:
    actor = authenticate_key(made(admin, "scanner", **GATE))
    assert actor is not None
    assert actor.permissions == {"collect_scans"}
    assert actor.scanner is not None
    assert (actor.scanner.live_event, actor.scanner.gate, actor.scanner.device) == ("ev-1", "north", "dev-7")
    assert actor.organizer_id == marketplace.organizers["org-1"]


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("server", {"name": " ", "scope": "collect"}, "Use 1 to 80 characters"),
        ("server", {"scope": []}, "Choose among"),
        ("server", {"scope": ["collect", "collect_scans"]}, "Choose among"),
        ("server", {"scope": "collect", "expires": "2001-01-01"}, "Choose a moment from now on"),
        ("server", {"scope": "collect", "expires": "soon"}, "Choose a day"),
        ("organizer", {"organizer": "org-9", "scope": "view_events"}, "Choose one of the marketplace's organisers"),
        ("scanner", {**GATE, "live_event": "ev-99"}, "Use the id of a live event"),
        ("scanner", {**GATE, "gate": ""}, "Use 1 to 64 characters"),
        ("scanner", {**GATE, "device": "x" * 65}, "Use 1 to 64 characters"),
    ],
    ids=range(9),
)
def test_a_key_that_cannot_be_made_comes_back_with_the_reason(
    admin: Person, marketplace: Marketplace, kind: str, fields: dict[str, Any], said: str
) -> None:
    before = newest(marketplace)
    answer = admin.send(f"/keys/new/{kind}", {"name": "a test", **fields})
    assert answer.status_code == 422
    assert said in readable(answer.text)
    assert not KEY.search(answer.text)
    assert newest(marketplace) == before


def test_a_replaced_key_works_on_for_a_while(admin: Person, marketplace: Marketplace) -> None:
    old = made(admin, "server", scope="view_orders", expires=DAY)
    number = newest(marketplace).id
    assert "both work" in readable(admin.get(f"/keys/{number}/rotate"))

    answer = admin.send(f"/keys/{number}/rotate", {"overlap": "24"})

    (new,) = set(KEY.findall(answer.text))
    for key in (old, new):
        actor = authenticate_key(key)
        assert actor is not None
        assert actor.permissions == {"view_orders"}
    before, after = get_key(marketplace.staff, number), newest(marketplace)
    assert (before.state, before.replaced_by, after.state) == ("ending", after.id, "active")
    assert before.expires_at is not None
    assert timedelta(hours=23) < before.expires_at - datetime.now(UTC) <= timedelta(hours=24)
    listed = readable(admin.get("/keys/"))
    assert "Replaced" in listed
    assert "the newer key" in readable(admin.get(f"/keys/{number}"))
    again = admin.send(f"/keys/{number}/rotate", {"overlap": "24"})
    assert again.status_code == 409
    assert "has been replaced" in readable(again.text)


def test_a_key_can_be_replaced_without_overlap(admin: Person, marketplace: Marketplace) -> None:
    old = made(admin, "server", scope="view_orders")
    number = newest(marketplace).id
    assert admin.send(f"/keys/{number}/rotate", {"overlap": "0"}).status_code == 200
    assert authenticate_key(old) is None
    assert get_key(marketplace.staff, number).state == "expired"


@pytest.mark.parametrize("hours", ["", "-1", "721", "soon", "99999999"])
def test_an_overlap_that_cannot_be_is_refused(admin: Person, marketplace: Marketplace, hours: str) -> None:
    before = newest(marketplace)
    answer = admin.send(f"/keys/{before.id}/rotate", {"overlap": hours})
    assert answer.status_code == 422
    assert "Use 0 to 720 hours" in readable(answer.text)
    assert newest(marketplace) == before


def test_a_revoked_key_works_no_more(admin: Person, marketplace: Marketplace, admin_connection: Admin) -> None:
    key = next(item for item in list_keys(marketplace.staff).items if item.kind == "server")
    assert "orders that your backend reports" in readable(admin.get(f"/keys/{key.id}/revoke"))
    for _ in range(2):
        assert admin.send(f"/keys/{key.id}/revoke").status_code == 302
    assert authenticate_key(marketplace.server_key) is None
    assert "Revoked" in readable(admin.get("/keys/"))
    assert [row[1] for row in audited(admin_connection, marketplace, "key.revoked")] == [f"key:{key.id}"]
    assert admin.send(f"/keys/{key.id}/rotate", {"overlap": "24"}).status_code == 409


def test_organisers_make_their_own_tokens_and_see_no_others(owner: Person, marketplace: Marketplace) -> None:
    kinds = readable(owner.get("/keys/new"))
    assert "Organiser token" in kinds
    assert "Server key" not in kinds
    owner.get("/keys/new/server", 404)
    assert owner.send("/keys/new/server", {"name": "x", "scope": "collect"}).status_code == 404

    token = made(owner, "organizer", scope=["view_deliveries"])

    actor = authenticate_key(token)
    assert actor is not None
    assert actor.organizer_id == marketplace.organizers["org-1"]
    assert actor.permissions == {"view_deliveries"}
    listed = owner.get("/keys/")
    assert "a test" in readable(listed)
    assert marketplace.server_key[:16] not in listed
    assert marketplace.organizer_keys["org-2"][:19] not in listed


def test_an_organiser_gets_no_hold_of_the_keys_of_others(owner: Person, marketplace: Marketplace) -> None:
    assert marketplace.organizer_keys["org-2"]
    foreign = [item for item in list_keys(marketplace.staff).items if item.organizer != "org-1"]
    assert len(foreign) == 2
    for key in foreign:
        for path in (f"/keys/{key.id}", f"/keys/{key.id}/rotate", f"/keys/{key.id}/revoke"):
            owner.get(path, 404)
        assert owner.send(f"/keys/{key.id}/rotate", {"overlap": "24"}).status_code == 404
        assert owner.send(f"/keys/{key.id}/revoke").status_code == 404
        assert get_key(marketplace.staff, key.id) == key
    refused = owner.send("/keys/new/organizer", {"name": "x", "organizer": "org-2", "scope": "view_events"})
    assert refused.status_code == 422
    assert owner.send("/keys/new/scanner", {"name": "x", **GATE, "live_event": "ev-3"}).status_code == 422


@pytest.mark.parametrize(("organizer", "role"), [("org-1", "manager"), ("org-1", "analyst"), (None, "analyst")])
def test_who_does_not_look_after_keys_does_not_get_in(
    app: Flask, marketplace: Marketplace, organizer: str | None, role: str
) -> None:
    person = member(app, marketplace, organizer, role)
    key = newest(marketplace)
    assert " Keys " not in readable(person.get("/"))
    for path in ("/keys/", "/keys/new", "/keys/new/organizer", f"/keys/{key.id}", f"/keys/{key.id}/revoke"):
        person.get(path, 403)
    for path in ("/keys/new/organizer", f"/keys/{key.id}/rotate", f"/keys/{key.id}/revoke"):
        assert person.send(path, {"name": "x", "scope": "view_events", "overlap": "1"}).status_code == 403
    assert newest(marketplace) == key


def test_another_marketplaces_administrator_finds_nothing(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    stranger = member(app, other_marketplace, None, "admin")
    key = newest(marketplace)
    for path in (f"/keys/{key.id}", f"/keys/{key.id}/rotate", f"/keys/{key.id}/revoke"):
        stranger.get(path, 404)
    for path in (f"/keys/{key.id}/rotate", f"/keys/{key.id}/revoke"):
        assert stranger.send(path, {"overlap": "0"}).status_code == 404
    assert newest(marketplace) == key


def test_long_lists_come_in_pages_and_by_kind(admin: Person, marketplace: Marketplace) -> None:
    for number in range(51):
        made(admin, "server", name=f"number {number}", scope="collect")
    page = admin.get("/keys/")
    assert "number 50" in readable(page)
    assert "number 0 " not in readable(page)
    more = next(link["href"] for link in Elements(page).named("a") if "cursor=" in link.get("href", ""))
    assert "number 0 " in readable(admin.get(more))
    assert "number 50" not in readable(admin.get("/keys/?kind=organizer"))
