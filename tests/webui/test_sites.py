"""Sites and keys: administrators of the marketplace see, add, change and revoke them; nobody else does."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.accounts.api import Actor, authenticate_key, get_site, list_keys, list_sites, verify_audit
from core.errors import ForbiddenError, NotFoundError
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable

Admin = psycopg.Connection[tuple[Any, ...]]
KEY = re.compile(r"ak_(?:server|organizer)_[\w-]{43}")


@pytest.fixture
def admin(app: Flask, marketplace: Marketplace) -> Person:
    """An administrator of the whole marketplace."""
    return member(app, marketplace, None, "admin")


def audited(admin_connection: Admin, marketplace: Marketplace, action: str) -> list[tuple[Any, ...]]:
    rows = admin_connection.execute(
        "SELECT actor, subject, detail FROM audit_log WHERE tenant_id = %s AND action = %s AND actor LIKE 'user:%%'",
        [marketplace.tenant_id, action],
    )
    return rows.fetchall()


def preflight(client: FlaskClient, key: str, origin: str) -> int:
    body: dict[str, Any] = {"events": []}
    headers = {"X-Adrail-Key": key, "Origin": origin}
    return client.post("/api/tx/events/batch", json=body, headers=headers).status_code


def test_the_list_shows_sites_with_write_keys_and_keys_without_themselves(
    admin: Person, marketplace: Marketplace
) -> None:
    page = admin.get("/sites/")

    text = readable(page)
    assert f"Test Tickets shop https://shop.example {marketplace.write_key}" in text
    assert marketplace.server_key[:16] in text
    assert not KEY.search(page)
    assert "Sites and keys" in readable(admin.get("/"))


def test_a_site_is_added_and_its_pages_may_report(
    admin: Person, marketplace: Marketplace, client: FlaskClient, admin_connection: Admin
) -> None:
    fields = {
        "name": "Festival",
        "site_id": "festival",
        "origins": " HTTPS://Fest.example:443/ \nhttp://localhost:8080",
    }
    assert admin.send("/sites/new", fields).status_code == 302

    made = list_sites(marketplace.staff)[-1]
    assert (made.name, made.site_id) == ("Festival", "festival")
    assert made.allowed_origins == ("https://fest.example", "http://localhost:8080")
    assert "Festival is added" in readable(admin.get("/sites/"))
    assert preflight(client, made.write_key, "https://fest.example") != 403
    assert preflight(client, made.write_key, "https://shop.example") == 403
    ((who, subject, detail),) = audited(admin_connection, marketplace, "site.created")
    assert who.startswith("user:")
    assert (subject, detail["origins"]) == (f"site:{made.id}", list(made.allowed_origins))
    assert verify_audit(marketplace.tenant_id) is None


def test_changed_origins_count_and_the_write_key_stays(
    admin: Person, marketplace: Marketplace, client: FlaskClient, admin_connection: Admin
) -> None:
    (site,) = list_sites(marketplace.staff)
    assert preflight(client, site.write_key, "https://new.example") == 403

    admin.send(f"/sites/{site.id}/edit", {"name": "Shop", "origins": "https://new.example"})

    assert get_site(marketplace.staff, site.id).write_key == site.write_key
    assert preflight(client, site.write_key, "https://new.example") != 403
    assert preflight(client, site.write_key, "https://shop.example") == 403
    ((_, _, detail),) = audited(admin_connection, marketplace, "site.changed")
    assert detail == {"before": ["https://shop.example"], "after": ["https://new.example"]}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("origins", "https://shop.example/path", "is no origin"),
        ("origins", "shop.example", "is no origin"),
        ("origins", "*", "is no origin"),
        ("site_id", "Über", "lower-case letters"),
        ("site_id", "shop", "Choose another short name"),
        ("name", "  ", "Use 1 to 80 characters"),
    ],
)
def test_what_cannot_be_saved_comes_back_with_the_reason_and_what_was_typed(
    admin: Person, marketplace: Marketplace, field: str, value: str, said: str
) -> None:
    fields = {"name": "Festival", "site_id": "festival", "origins": "https://fest.example", field: value}

    answer = admin.send("/sites/new", fields)

    assert answer.status_code == 422
    assert said in readable(answer.text)
    assert Elements(answer.text).field("name")["value"] == fields["name"]
    assert len(list_sites(marketplace.staff)) == 1


def test_a_new_key_is_shown_once_and_works(admin: Person, marketplace: Marketplace, admin_connection: Admin) -> None:
    shown = admin.send("/sites/keys/new", {"name": "shop backend", "owner": ""})

    (key,) = set(KEY.findall(shown.text))
    assert shown.headers["Cache-Control"] == "no-store"
    actor = authenticate_key(key)
    assert actor is not None
    assert (actor.tenant_id, actor.organizer_id) == (marketplace.tenant_id, None)
    assert "place_orders" in actor.permissions
    assert key not in admin.get("/sites/")
    ((_, subject, detail),) = audited(admin_connection, marketplace, "key.created")
    assert (subject, detail) == (actor.label, {"kind": "server"})


def test_an_organisers_key_acts_for_them_alone(admin: Person, marketplace: Marketplace) -> None:
    shown = admin.send("/sites/keys/new", {"name": "agency", "owner": "org-2"})

    (key,) = set(KEY.findall(shown.text))
    actor = authenticate_key(key)
    assert actor is not None
    assert actor.organizer_id == marketplace.organizers["org-2"]
    assert "Organiser org-2" in readable(admin.get("/sites/"))


@pytest.mark.parametrize("fields", [{"name": "", "owner": ""}, {"name": "x", "owner": "org-9"}])
def test_a_key_without_name_or_for_nobody_is_not_made(
    admin: Person, marketplace: Marketplace, fields: dict[str, str]
) -> None:
    before = len(list_keys(marketplace.staff))
    answer = admin.send("/sites/keys/new", fields)

    assert answer.status_code == 422
    assert not KEY.search(answer.text)
    assert len(list_keys(marketplace.staff)) == before


def test_a_revoked_key_works_no_more(admin: Person, marketplace: Marketplace, admin_connection: Admin) -> None:
    key = next(item for item in list_keys(marketplace.staff) if item.kind == "server")

    assert "orders that your backend reports" in readable(admin.get(f"/sites/keys/{key.id}/revoke"))
    for _ in range(2):
        admin.send(f"/sites/keys/{key.id}/revoke")

    assert authenticate_key(marketplace.server_key) is None
    assert "Revoked" in readable(admin.get("/sites/"))
    assert [row[1] for row in audited(admin_connection, marketplace, "key.revoked")] == [f"key:{key.id}"]


@pytest.mark.parametrize(("organizer", "role"), [("org-1", "owner"), ("org-1", "admin"), (None, "owner")])
def test_only_administrators_of_the_marketplace_get_in(
    app: Flask, marketplace: Marketplace, organizer: str | None, role: str
) -> None:
    person = member(app, marketplace, organizer, role)
    (site,) = list_sites(marketplace.staff)
    key = list_keys(marketplace.staff)[0]

    assert "Sites and keys" not in readable(person.get("/"))
    for path in ("/sites/", f"/sites/{site.id}/edit", f"/sites/keys/{key.id}/revoke"):
        person.get(path, 403)
    for path in ("/sites/new", f"/sites/{site.id}/edit", "/sites/keys/new", f"/sites/keys/{key.id}/revoke"):
        fields = {"name": "x", "site_id": "xx", "origins": "https://evil.example"}
        assert person.send(path, fields).status_code == 403
    assert list_sites(marketplace.staff) == [site]
    assert authenticate_key(marketplace.server_key) is not None


def test_another_marketplaces_administrator_finds_nothing(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    stranger = member(app, other_marketplace, None, "admin")
    (site,) = list_sites(marketplace.staff)
    key = list_keys(marketplace.staff)[0]

    assert marketplace.write_key not in stranger.get("/sites/")
    for path in (f"/sites/{site.id}/edit", f"/sites/keys/{key.id}/revoke"):
        stranger.get(path, 404)
        assert stranger.send(path, {"name": "x", "origins": "https://evil.example"}).status_code == 404
    assert stranger.send("/sites/keys/new", {"name": "x", "owner": "org-1"}).status_code == 200
    assert [item.id for item in list_sites(other_marketplace.staff)] != [site.id]
    assert get_site(marketplace.staff, site.id) == site


def test_the_doors_of_core_ask_for_an_administrator_too(marketplace: Marketplace) -> None:
    key = authenticate_key(marketplace.server_key)
    assert key is not None
    for actor in (key, marketplace.organizer("org-1")):
        with pytest.raises(ForbiddenError):
            list_keys(actor)
    with pytest.raises(NotFoundError):
        get_site(Actor.system(marketplace.tenant_id, "test"), 10**9)
