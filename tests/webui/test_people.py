"""People, roles and permissions: what managers of people see and change, and what others do not."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.core.accounts.mailbox import mails_to, token_for
from tests.marketplace import Marketplace
from tests.webui.people import PASSWORD, Elements, Person, member, readable

Admin = psycopg.Connection[tuple[Any, ...]]
MEMBER = re.compile(r'class="row-link" href="(/people/\d+)"')


def members(person: Person) -> list[str]:
    """Addresses of the pages of everybody on the list."""
    return MEMBER.findall(person.get("/people/"))


def test_somebody_is_invited_again_and_withdrawn(app: Flask, marketplace: Marketplace) -> None:
    owner, email = member(app, marketplace), f"new@{marketplace.slug}.example"
    wrong = owner.send("/people/invite", {"email": "nobody", "role": "analyst"})
    assert wrong.status_code == 422
    assert Elements(wrong.text).field("email")["aria-invalid"] == "true"

    assert owner.send("/people/invite", {"email": email, "role": "analyst", "locale": "ro"}).location == "/people/"
    page = owner.get("/people/")
    assert email in page
    assert "vă invită la Organiser org-1" in mails_to(email)[0].subject
    first = token_for(email)
    paths = re.findall(r'action="(/people/invitations/\d+/\w+)"', page)
    owner.send(paths[0])
    assert token_for(email) != first
    owner.send(paths[1])
    assert email not in owner.get("/people/").partition("Asked to join")[2]
    assert Person(app).get(f"/invitation/{token_for(email)}", 410)


def test_the_marketplace_invites_to_organisers_and_venues(app: Flask, marketplace: Marketplace) -> None:
    admin = member(app, marketplace, None, "admin")
    wanted = {"role": "owner", "locale": "en"}
    for kind, fields in (("organizer", {"organizer": "org-2"}), ("venue", {"subject_id": "v-1"}), ("marketplace", {})):
        email = f"{kind}@{marketplace.slug}.example"
        sent = {"email": email, "subject_kind": kind, **fields, **wanted}
        assert admin.send("/people/invite", sent).status_code == 302
        person = Person(app)
        joined = person.send(f"/invitation/{token_for(email)}", {"display_name": kind, "password": PASSWORD})
        assert joined.location == ("/account/" if kind == "venue" else "/")
        person.get("/account/")
    assert len(members(admin)) == 4
    assert len(MEMBER.findall(admin.get("/people/?of=venue"))) == 1
    assert len(MEMBER.findall(admin.get("/people/?of=organizer"))) == 1


def test_a_role_is_changed_and_somebody_removed(app: Flask, marketplace: Marketplace) -> None:
    owner, analyst = member(app, marketplace), member(app, marketplace, role="analyst")
    page = members(owner)[1]
    assert analyst.get("/codes/", 403)

    owner.send(page, {"role": "manager", "account_type": "organizer"})
    analyst.get("/codes/")
    assert "They can no longer open anything" in readable(owner.get(f"{page}/remove"))
    owner.send(f"{page}/remove")

    assert analyst.client.get("/codes/").status_code == 302
    assert len(members(owner)) == 1
    assert owner.get(page, 404)


def test_what_is_refused_is_said_in_plain_words(app: Flask, marketplace: Marketplace) -> None:
    admin = member(app, marketplace, None, "admin")
    mine = members(admin)[0]

    role = admin.send(mine, {"role": "analyst", "account_type": "admin"})
    removed = admin.send(f"{mine}/remove")

    assert role.status_code == 422
    assert "This is the last administrator." in readable(role.text)
    assert removed.location == mine
    assert "This is the last administrator." in readable(admin.get(mine))


def test_people_of_others_do_not_exist(app: Flask, marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    theirs = members(member(app, marketplace, "org-2"))[0]

    for stranger in (member(app, marketplace), member(app, other_marketplace, None, "admin")):
        assert stranger.get(theirs, 404)
        assert stranger.get(f"{theirs}/remove", 404)
        for path in ("", "/remove", "/verification", "/tier"):
            assert stranger.send(f"{theirs}{path}", {"role": "analyst", "level": "none"}).status_code in {403, 404}


@pytest.mark.parametrize("role", ["manager", "analyst", "gate_staff"])
def test_people_are_for_who_may_manage_them(app: Flask, marketplace: Marketplace, role: str) -> None:
    person = member(app, marketplace, role=role)
    assert "/people/" not in person.get("/account/")
    for path in ("/people/", "/people/invite", "/people/1", "/people/roles/"):
        assert person.get(path, 403)
    assert person.send("/people/invite", {"email": "a@b.example", "role": "owner"}).status_code == 403
    assert mails_to("a@b.example") == []


def test_levels_and_tiers_are_set_by_administrators(app: Flask, marketplace: Marketplace) -> None:
    admin, owner = member(app, marketplace, None, "admin"), member(app, marketplace)
    page = members(admin)[1]

    admin.send(f"{page}/verification", {"level": "identity"})
    admin.send(f"{page}/tier", {"tier": "premium", "ends_at": ""})
    past = admin.send(f"{page}/tier", {"tier": "enterprise", "ends_at": "2001-02-03"})

    assert past.status_code == 422
    assert "Identity verified" in readable(owner.get("/account/"))
    assert "Tier Premium" in readable(owner.get("/account/"))
    assert owner.send(f"{page}/tier", {"tier": "enterprise"}).status_code == 403


def test_permissions_are_taken_and_given_back(app: Flask, marketplace: Marketplace) -> None:
    admin, owner = member(app, marketplace, None, "admin"), member(app, marketplace)
    page = admin.get("/people/roles/?type=organizer")
    given = [
        item["value"]
        for item in Elements(page).named("input")
        if item.get("name") == "permission" and "checked" in item
    ]
    assert "manage_tracking_codes" in given
    owner.get("/codes/")

    admin.send(
        "/people/roles/?type=organizer", {"permission": [item for item in given if item != "manage_tracking_codes"]}
    )
    assert owner.get("/codes/", 403)
    assert "changed" in readable(admin.get("/people/roles/"))

    admin.send("/people/roles/reset")
    owner.get("/codes/")


def test_administrators_cannot_lock_themselves_out(app: Flask, marketplace: Marketplace) -> None:
    admin = member(app, marketplace, None, "admin")
    admin.send("/people/roles/?type=admin", {"permission": []})
    assert admin.client.get("/").location == "/account/"
    assert "Roles and permissions" in admin.get("/people/roles/?type=admin")
    admin.send("/people/roles/reset")
    assert "Overview" in admin.get("/")


def test_rules_and_administrators_need_the_password_once_more(
    app: Flask, marketplace: Marketplace, admin_connection: Admin
) -> None:
    admin = member(app, marketplace, None, "admin")
    mine = members(admin)[0]
    admin_connection.execute("UPDATE user_sessions SET confirmed_at = now() - interval '1 hour'")

    for path, fields in (
        ("/people/roles/?type=media", {"permission": []}),
        ("/people/roles/reset", {}),
        (mine, {"role": "owner", "account_type": "admin"}),
        (f"{mine}/remove", {}),
        ("/people/invite", {"email": "a@b.example", "role": "admin", "account_type": "admin"}),
    ):
        answer = admin.send(path, fields)
        assert answer.status_code == 302
        assert answer.location.startswith("/account/confirm?next="), path
    assert admin.client.get("/people/roles/").location.startswith("/account/confirm?next=")
    assert mails_to("a@b.example") == []
