"""Signing in and out."""

from __future__ import annotations

import pytest
from flask import Flask

from core.accounts.api import set_password
from tests.marketplace import Marketplace
from tests.webui.people import PASSWORD, Person, member, readable


def test_every_page_asks_to_sign_in_and_remembers_where_one_wanted_to_go(app: Flask) -> None:
    response = Person(app).client.get("/deliveries/?state=dead")

    assert response.status_code == 302
    assert response.location == "/sign-in?next=/deliveries/?state%3Ddead"


def test_signing_in_leads_to_the_page_that_was_wanted(app: Flask, marketplace: Marketplace) -> None:
    marketplace.create_user(f"ana@{marketplace.slug}.example", PASSWORD, organizer="org-1")
    person = Person(app)

    response = person.sign_in(f"  ANA@{marketplace.slug}.example", path="/sign-in?next=/codes/")

    assert response.location == "/codes/"
    assert "Tracking codes" in person.get("/codes/")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\\\\evil",
    ],
)
def test_signing_in_never_leads_to_another_site(app: Flask, marketplace: Marketplace, target: str) -> None:
    marketplace.create_user(f"ana@{marketplace.slug}.example", PASSWORD, organizer="org-1")
    person = Person(app)
    token = person.token()
    form = {"csrf_token": token, "email": f"ana@{marketplace.slug}.example", "password": PASSWORD}

    response = person.client.post("/sign-in", query_string={"next": target}, data=form)

    assert (response.status_code, response.location) == (302, "/")


def test_an_unknown_address_and_a_wrong_password_are_answered_alike(app: Flask, marketplace: Marketplace) -> None:
    email = f"ana@{marketplace.slug}.example"
    marketplace.create_user(email, PASSWORD, organizer="org-1")

    unknown = Person(app).sign_in(f"nobody@{marketplace.slug}.example")
    wrong = Person(app).sign_in(email, "something else")

    assert (unknown.status_code, wrong.status_code) == (401, 401)
    assert "That did not match" in readable(wrong.text)
    assert readable(unknown.text) == readable(wrong.text)


def test_too_many_tries_are_told_how_long_to_wait(app: Flask, marketplace: Marketplace) -> None:
    person = Person(app)
    token = person.token()
    form = {"csrf_token": token, "email": f"many@{marketplace.slug}.example", "password": "wrong"}
    place = {"REMOTE_ADDR": "203.0.113.77"}

    answers = [person.client.post("/sign-in", data=form, environ_base=place) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "Too many tries" in readable(answers[-1].text)


def test_signing_out_ends_the_session(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    assert person.send("/sign-out").location == "/sign-in"
    assert person.client.get("/").status_code == 302


def test_a_new_password_ends_older_sessions(app: Flask, marketplace: Marketplace) -> None:
    user = marketplace.create_user(f"ana@{marketplace.slug}.example", PASSWORD, organizer="org-1")
    person = Person(app)
    person.sign_in(f"ana@{marketplace.slug}.example")
    assert "Overview" in person.get("/")

    set_password(user, "another long password")

    assert person.client.get("/").location == "/sign-in"


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app: Flask, marketplace: Marketplace) -> None:
    marketplace.create_user(f"ana@{marketplace.slug}.example", PASSWORD, organizer="org-1")

    cookie = Person(app).sign_in(f"ana@{marketplace.slug}.example").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_what_was_in_the_cookie_before_signing_in_does_not_survive(app: Flask, marketplace: Marketplace) -> None:
    marketplace.create_user(f"ana@{marketplace.slug}.example", PASSWORD, organizer="org-1")
    person = Person(app)
    with person.client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"

    person.sign_in(f"ana@{marketplace.slug}.example")

    with person.client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_a_polling_page_is_sent_to_the_sign_in_page_as_a_whole(app: Flask) -> None:
    response = Person(app).client.get("/deliveries/rows", headers={"HX-Request": "true"})

    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/sign-in"
