"""Sites: administrators of the marketplace see, add and change them and their write keys; nobody else does."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.accounts.api import Actor, authenticate_key, forget_sites, get_site, list_sites, verify_audit
from core.errors import ForbiddenError, NotFoundError
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable

Admin = psycopg.Connection[tuple[Any, ...]]


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


def test_the_list_shows_sites_with_write_keys(admin: Person, marketplace: Marketplace) -> None:
    text = readable(admin.get("/sites/"))
    assert f"Test Tickets shop https://shop.example {marketplace.write_key}" in text
    assert "Sites Payments Keys" in readable(admin.get("/"))


def test_a_write_key_is_replaced_and_the_old_one_counts_until_it_is_ended(
    admin: Person, marketplace: Marketplace, client: FlaskClient, admin_connection: Admin
) -> None:
    (site,) = list_sites(marketplace.staff)
    assert "Both keys count" in readable(admin.get(f"/sites/{site.id}/rotate"))
    assert admin.send(f"/sites/{site.id}/rotate", {"overlap": "24"}).status_code == 302

    (now,) = list_sites(marketplace.staff)
    assert now.previous_write_key == site.write_key != now.write_key
    for key in (site.write_key, now.write_key):
        assert preflight(client, key, "https://shop.example") not in {401, 403}
    assert site.write_key in (page := admin.get("/sites/"))
    assert now.write_key in page
    assert "used just now" in readable(page)
    refused = admin.send(f"/sites/{site.id}/rotate", {"overlap": "24"})
    assert refused.status_code == 409
    assert "end it first" in readable(refused.text)

    assert admin.send(f"/sites/{site.id}/retire").status_code == 302
    assert preflight(client, site.write_key, "https://shop.example") == 401
    assert preflight(client, now.write_key, "https://shop.example") not in {401, 403}
    assert site.write_key not in admin.get("/sites/")
    for action in ("site.write_key_rotated", "site.write_key_retired"):
        ((_, subject, _),) = audited(admin_connection, marketplace, action)
        assert subject == f"site:{site.id}"


@pytest.mark.parametrize("hours", ["", "-1", "721", "soon", "999999999999"])
def test_an_overlap_that_cannot_be_is_refused(admin: Person, marketplace: Marketplace, hours: str) -> None:
    (site,) = list_sites(marketplace.staff)
    answer = admin.send(f"/sites/{site.id}/rotate", {"overlap": hours})
    assert answer.status_code == 422
    assert "Use 0 to 720 hours" in readable(answer.text)
    assert list_sites(marketplace.staff) == [site]


def test_an_old_write_key_ends_by_itself(
    admin: Person, marketplace: Marketplace, client: FlaskClient, admin_connection: Admin
) -> None:
    (site,) = list_sites(marketplace.staff)
    admin.send(f"/sites/{site.id}/rotate", {"overlap": "1"})
    admin_connection.execute("UPDATE sites SET previous_write_key_until = now() WHERE id = %s", [site.id])
    forget_sites()
    assert preflight(client, site.write_key, "https://shop.example") == 401
    assert site.write_key not in admin.get("/sites/")


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


@pytest.mark.parametrize(("organizer", "role"), [("org-1", "owner"), ("org-1", "admin"), (None, "owner")])
def test_only_administrators_of_the_marketplace_get_in(
    app: Flask, marketplace: Marketplace, organizer: str | None, role: str
) -> None:
    person = member(app, marketplace, organizer, role)
    (site,) = list_sites(marketplace.staff)

    assert " Sites " not in readable(person.get("/"))
    for path in ("/sites/", f"/sites/{site.id}/edit", f"/sites/{site.id}/rotate"):
        person.get(path, 403)
    for path in ("/sites/new", f"/sites/{site.id}/edit", f"/sites/{site.id}/rotate", f"/sites/{site.id}/retire"):
        fields = {"name": "x", "site_id": "xx", "origins": "https://evil.example", "overlap": "1"}
        assert person.send(path, fields).status_code == 403
    assert list_sites(marketplace.staff) == [site]


def test_another_marketplaces_administrator_finds_nothing(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    stranger = member(app, other_marketplace, None, "admin")
    (site,) = list_sites(marketplace.staff)

    assert marketplace.write_key not in stranger.get("/sites/")
    for path in (f"/sites/{site.id}/edit", f"/sites/{site.id}/rotate"):
        stranger.get(path, 404)
        fields = {"name": "x", "origins": "https://evil.example", "overlap": "1"}
        assert stranger.send(path, fields).status_code == 404
    assert stranger.send(f"/sites/{site.id}/retire").status_code == 404
    assert [item.id for item in list_sites(other_marketplace.staff)] != [site.id]
    assert get_site(marketplace.staff, site.id) == site


def test_the_doors_of_core_ask_for_an_administrator_too(marketplace: Marketplace) -> None:
    key = authenticate_key(marketplace.server_key)
    assert key is not None
    for actor in (key, marketplace.organizer("org-1")):
        with pytest.raises(ForbiddenError):
            list_sites(actor)
    with pytest.raises(NotFoundError):
        get_site(Actor.system(marketplace.tenant_id, "test"), 10**9)
