"""Pages behind mailed links: a forgotten password and invitations, for people who are not signed in."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from core.accounts.api import invite, user_with_email, write_reset
from tests.core.accounts.mailbox import mails_to, token_for
from tests.marketplace import Marketplace
from tests.webui.people import PASSWORD, Person, member, readable

NEW = "another long password"


def invited(marketplace: Marketplace, **values: str) -> tuple[str, str]:
    """Invite somebody; returns their address and the path of their link."""
    email = f"new@{marketplace.slug}.example"
    invite(marketplace.staff, email=email, **{"role": "owner", **values})
    return email, f"/invitation/{token_for(email)}"


def test_a_forgotten_password_is_answered_alike_for_everybody(app: Flask, marketplace: Marketplace) -> None:
    email = f"ana@{marketplace.slug}.example"
    marketplace.create_user(email, PASSWORD, organizer="org-1")
    nobody = f"who@{marketplace.slug}.example"

    known = Person(app).send("/forgot-password", {"email": email})
    unknown = Person(app).send("/forgot-password", {"email": nobody})

    assert (known.status_code, unknown.status_code) == (200, 200)
    assert readable(known.text).replace(email, "…") == readable(unknown.text).replace(nobody, "…")


def test_a_new_password_is_chosen_behind_the_link(app: Flask, marketplace: Marketplace) -> None:
    email = f"ana@{marketplace.slug}.example"
    user = marketplace.create_user(email, PASSWORD, organizer="org-1")
    write_reset(user)
    path = f"/reset-password/{token_for(email)}"
    person = Person(app)

    assert person.client.get(path).headers["Referrer-Policy"] == "no-referrer"
    short = person.send(path, {"password": "short"})
    assert short.status_code == 422
    assert "Use 12 to 500 characters." in readable(short.text)
    assert person.send(path, {"password": NEW}).status_code == 200
    assert person.client.get("/account/").status_code == 302

    assert person.get(path, 410)
    assert person.send(path, {"password": PASSWORD}).status_code == 410
    assert person.sign_in(email, NEW).status_code == 302


def test_an_invited_person_chooses_name_and_password_and_is_in(app: Flask, marketplace: Marketplace) -> None:
    email, path = invited(marketplace, role="manager", subject_kind="organizer", subject_id="org-1")
    person = Person(app)

    assert "Join Organiser org-1" in readable(person.get(path))
    short = person.send(path, {"display_name": "", "password": PASSWORD})
    assert short.status_code == 422
    assert person.send(path, {"display_name": "New Person", "password": PASSWORD}).location == "/"

    assert "New Person" in person.get("/account/")
    assert "Tracking codes" in person.get("/codes/")
    assert person.get("/people/", 403)
    assert "This link no longer works" in readable(person.get(path, 410))
    assert Person(app).sign_in(email).status_code == 302


def test_somebody_with_an_account_joins_with_its_password(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    email = f"new@{marketplace.slug}.example"
    other_marketplace.create_user(email, PASSWORD)
    _email, path = invited(marketplace)
    person = Person(app)

    assert "has an account already" in readable(person.get(path))
    assert person.send(path, {"password": "not it"}).status_code == 401
    assert member(app, marketplace).send(path, {"password": "not it"}).status_code == 401
    assert person.send(path, {"password": PASSWORD}).status_code == 302

    assert "Where you work" in readable(person.get("/account/"))


@pytest.mark.parametrize("path", ["/invitation/ak_invite_unknown", "/reset-password/ak_reset_unknown"])
def test_links_that_never_were_say_so_kindly(app: Flask, path: str) -> None:
    person = Person(app)
    assert "This link no longer works" in readable(person.get(path, 410))
    assert person.send(path, {"password": PASSWORD, "display_name": "A"}).status_code == 410


def test_a_name_that_is_markup_stays_text(app: Flask, marketplace: Marketplace) -> None:
    _email, path = invited(marketplace)
    person = Person(app)
    person.send(path, {"display_name": "<img src=x onerror=alert(1)>", "password": PASSWORD})

    for page in ("/account/", "/people/"):
        assert "<img src=x" not in person.get(page)


def test_no_link_reaches_the_log(
    app: Flask, marketplace: Marketplace, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    email, path = invited(marketplace)
    caplog.set_level(logging.DEBUG)
    Person(app).get(path)
    said = capsys.readouterr()

    assert token_for(email) not in said.out + said.err + caplog.text
    assert user_with_email(email) is None
    assert len(mails_to(email)) == 1
