"""People by API: what keys that were given the right may do, and how far it reaches."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.accounts.api import KeyWish, find_session, issue_key, open_session
from tests.core.accounts.conftest import Make
from tests.core.accounts.mailbox import mails_to
from tests.marketplace import Marketplace

PEOPLE = "/api/v1/people"


class Caller:
    """A backend with a key for people, of the marketplace or of one organiser."""

    def __init__(self, app: Flask, marketplace: Marketplace, organizer: str | None = None) -> None:
        self._client = app.test_client()
        kind = "organizer" if organizer else "server"
        wish = KeyWish(kind=kind, name="people", organizer=organizer, scopes=("manage_users",))
        self._headers = marketplace.bearer(issue_key(marketplace.staff, wish).key)

    def __call__(self, method: str, path: str = "", body: Any = None, **headers: str) -> TestResponse:
        """Send a request."""
        return self._client.open(PEOPLE + path, method=method, json=body, headers={**self._headers, **headers})


def test_members_are_listed_page_by_page(app: Flask, marketplace: Marketplace, somebody: Make) -> None:
    emails = [somebody("admin").email, somebody(organizer="org-1").email, somebody(organizer="org-2").email]
    call, organizer = Caller(app, marketplace), Caller(app, marketplace, "org-2")

    page = call("GET", "?limit=2").get_json()
    rest = call("GET", f"?limit=2&cursor={page['next_cursor']}").get_json()
    seen = [*page["items"], *rest["items"]]
    assert rest["next_cursor"] is None

    assert [item["email"] for item in seen] == emails
    assert [item["email"] for item in organizer("GET").get_json()["items"]] == emails[2:]
    assert [item["email"] for item in call("GET", "?subject_kind=organizer&subject_id=org-1").get_json()["items"]] == [
        emails[1]
    ]
    assert call("GET", "?subject_kind=planet").status_code == 422
    assert call("GET", f"/{seen[0]['id']}").get_json() == seen[0]
    assert not {"password", "password_hash", "user_id"} & set(seen[0])


def test_a_member_is_changed_and_removed(app: Flask, marketplace: Marketplace, somebody: Make) -> None:
    me = somebody(organizer="org-1")
    call, path = Caller(app, marketplace, "org-1"), f"/{me.actor.membership_id}"
    token = open_session(me, user_agent="", client_address="")

    changed = call("PATCH", path, {"role": "analyst"})
    assert (changed.status_code, changed.get_json()["role"]) == (200, "analyst")
    found = find_session(token)
    assert found is not None
    assert "manage_tracking_codes" not in found.profile.actor.permissions
    assert call("DELETE", path).status_code == 204

    assert find_session(token) is None
    assert call("GET", path).status_code == 404


def test_somebody_is_invited_once_per_idempotency_key(app: Flask, marketplace: Marketplace) -> None:
    call, email = Caller(app, marketplace), f"new@{marketplace.slug}.example"
    body = {"email": email, "role": "owner", "subject_kind": "organizer", "subject_id": "org-1", "locale": "ro"}

    first = call("POST", "/invitations", body, **{"Idempotency-Key": "one"})
    again = call("POST", "/invitations", body, **{"Idempotency-Key": "one"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.get_json() == again.get_json()
    assert len(mails_to(email)) == 1
    number = first.get_json()["id"]
    assert call("POST", f"/invitations/{number}/resend").get_json()["sent"] == 2
    assert [item["id"] for item in call("GET", "/invitations").get_json()["items"]] == [number]
    assert call("DELETE", f"/invitations/{number}").status_code == 204
    assert call("DELETE", f"/invitations/{number}").status_code == 404
    assert call("GET", "/invitations").get_json()["items"] == []


def test_keys_make_and_change_no_administrators(app: Flask, marketplace: Marketplace, somebody: Make) -> None:
    call, admin = Caller(app, marketplace), somebody("admin")
    path = f"/{admin.actor.membership_id}"
    wanted = {"email": f"x@{marketplace.slug}.example", "role": "admin", "account_type": "admin"}

    answers = [
        call("POST", "/invitations", wanted),
        call("PATCH", path, {"role": "analyst"}),
        call("PATCH", f"/{somebody('owner').actor.membership_id}", {"account_type": "admin"}),
        call("DELETE", path),
    ]

    assert [(item.status_code, item.get_json()["code"]) for item in answers] == [(403, "admin_only")] * 4


def test_what_belongs_to_others_does_not_exist(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace, somebody: Make
) -> None:
    theirs = f"/{somebody(organizer='org-2').actor.membership_id}"
    invitation = Caller(app, marketplace, "org-2")("POST", "/invitations", {"email": "a@b.example", "role": "analyst"})
    number = invitation.get_json()["id"]

    for call in (Caller(app, marketplace, "org-1"), Caller(app, other_marketplace)):
        answers = [
            call("GET", theirs),
            call("PATCH", theirs, {"role": "analyst"}),
            call("DELETE", theirs),
            call("POST", f"/invitations/{number}/resend"),
            call("DELETE", f"/invitations/{number}"),
        ]
        assert [item.status_code for item in answers] == [404] * 5
        assert all("b.example" not in item.text for item in answers)


def test_keys_that_were_not_given_the_right_are_refused(app: Flask, marketplace: Marketplace) -> None:
    client = app.test_client()
    for key in (marketplace.server_key, marketplace.organizer_keys["org-1"]):
        answer = client.get(PEOPLE, headers=marketplace.bearer(key))
        assert (answer.status_code, answer.get_json()["code"]) == (403, "permission_missing")
    assert client.get(PEOPLE).status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "owner"}, "/email"),
        ({"email": "nobody", "role": "owner"}, "/email"),
        ({"email": "a@b.example", "role": "king"}, "/role"),
        ({"email": "a@b.example", "role": "owner", "account_type": "venue"}, "/account_type"),
        ({"email": "a@b.example", "role": "owner", "subject_kind": "organizer", "subject_id": "org-9"}, "/subject_id"),
        ({"email": "a@b.example", "role": "owner", "surprise": 1}, "/surprise"),
    ],
)
def test_a_wrong_field_is_named(app: Flask, marketplace: Marketplace, body: dict[str, Any], pointer: str) -> None:
    answer = Caller(app, marketplace)("POST", "/invitations", body)
    assert answer.status_code == 422
    assert [item["pointer"] for item in answer.get_json()["errors"]] == [pointer]
