"""Your account and the second step of signing in, as a browser without scripts would use them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pyotp
from flask import Flask

from core.accounts.api import invite
from tests.core.accounts.mailbox import mails_to, token_for
from tests.marketplace import Marketplace
from tests.webui.people import PASSWORD, Elements, Person, member, readable

Admin = psycopg.Connection[tuple[Any, ...]]
NEW = "another long password"
_SECRET = re.compile(r"<code[^>]*>([A-Z2-7]{32})</code>")


def code(secret: str, steps: int = 0) -> str:
    """What a telephone shows so many half minutes from now."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * steps))


def switched_on(person: Person) -> tuple[str, list[str]]:
    """Switch two-step sign-in on; returns secret and recovery codes."""
    found = _SECRET.search(person.get("/account/two-step/"))
    assert found
    shown = person.send("/account/two-step/on", {"code": code(found[1])})
    assert shown.status_code == 200
    block = shown.text.partition('id="codes">')[2].partition("</pre>")[0]
    return found[1], block.split()


def email_of(person: Person) -> str:
    """The address of somebody who is signed in."""
    found = re.search(r"[\w.-]+@[\w.-]+\.example", person.get("/account/"))
    assert found
    return found[0]


def stale(admin_connection: Admin) -> None:
    """Let every password have been typed long ago."""
    admin_connection.execute("UPDATE user_sessions SET confirmed_at = now() - interval '1 hour'")


def test_the_account_page_says_who_one_is_and_where_one_is_signed_in(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    text = readable(person.get("/account/"))

    assert "Your account" in text
    assert "Organiser org-1" in text
    assert "This one" in text


def test_name_language_and_time_zone_are_ones_own(app: Flask, marketplace: Marketplace) -> None:
    person, other = member(app, marketplace), member(app, marketplace)
    sent = {"display_name": "Ana Maria", "language": "ro", "time_zone": "Asia/Tokyo"}

    assert person.send("/account/profile", sent).location == "/account/"

    page = person.get("/account/")
    assert 'lang="ro"' in page
    assert "Ana Maria" in page
    assert '<option value="Asia/Tokyo" selected>' in page
    assert 'lang="en"' in other.get("/account/")


def test_a_name_or_zone_that_cannot_be_is_told_beside_its_field(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    name = person.send("/account/profile", {"display_name": " ", "language": "en"})
    zone = person.send("/account/profile", {"display_name": "A", "language": "en", "time_zone": "Mars/Base"})

    assert (name.status_code, zone.status_code) == (422, 422)
    assert Elements(name.text).field("display_name")["aria-invalid"] == "true"
    assert "Choose one of the list." in readable(zone.text)


def test_a_new_password_needs_the_present_one(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    email = email_of(person)

    wrong = person.send("/account/password", {"current": "not it", "new": NEW})
    assert wrong.status_code == 422
    assert "This is not your present password." in readable(wrong.text)
    assert NEW not in wrong.text
    assert person.send("/account/password", {"current": PASSWORD, "new": NEW}).status_code == 302
    assert "Your password is changed" in readable(person.get("/account/"))
    assert Person(app).sign_in(email, NEW).status_code == 302
    assert Person(app).sign_in(email).status_code == 401


def test_sessions_are_ended_one_by_one_or_all_but_this(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    email = email_of(person)
    others = [Person(app) for _ in range(3)]
    for other in others:
        other.sign_in(email)

    first = re.search(r'action="(/account/sessions/\d+/end)"', person.get("/account/"))
    assert first
    person.send(first[1])
    alive = [other.client.get("/account/").status_code == 200 for other in others]
    assert sorted(alive) == [False, True, True]

    person.send("/account/sessions/end-others")
    assert all(other.client.get("/account/").status_code == 302 for other in others)
    person.get("/account/")
    assert member(app, marketplace).send(first[1]).status_code == 404


def test_signing_out_makes_the_cookie_worthless(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    cookie = person.client.get_cookie("adrail")
    assert cookie is not None
    person.send("/sign-out")

    person.client.set_cookie("adrail", cookie.value)

    assert person.client.get("/account/").status_code == 302


def test_the_second_step_is_asked_for_and_each_code_counts_once(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    email = email_of(person)
    secret, codes = switched_on(person)
    assert len(codes) == 10
    assert "10 recovery codes are left" in readable(person.get("/account/"))

    again = Person(app)
    assert again.sign_in(email, path="/sign-in?next=/codes/").location == "/sign-in/code"
    assert again.client.get("/account/").status_code == 302
    assert again.send("/sign-in/code", {"code": "not a code"}).status_code == 401
    present = code(secret, 1)
    assert again.send("/sign-in/code", {"code": present}).location == "/codes/"
    again.get("/account/")

    thief = Person(app)
    thief.sign_in(email)
    assert thief.send("/sign-in/code", {"code": present}).status_code == 401
    assert thief.send("/sign-in/code", {"code": codes[3]}).status_code == 302
    assert "9 recovery codes are left" in readable(thief.get("/account/"))


def test_the_second_step_without_the_first_leads_to_the_first(app: Flask) -> None:
    person = Person(app)
    assert person.client.get("/sign-in/code").location == "/sign-in"
    assert person.send("/sign-in/code", {"code": "123456"}).location == "/sign-in"


def test_the_first_step_is_worth_nothing_after_a_new_password(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    email = email_of(person)
    secret, _codes = switched_on(person)
    half_way = Person(app)
    half_way.sign_in(email)

    person.send("/account/password", {"current": PASSWORD, "new": NEW})

    assert half_way.send("/sign-in/code", {"code": code(secret, 1)}).location == "/sign-in"
    assert half_way.client.get("/account/").status_code == 302


def test_too_many_wrong_codes_are_told_how_long_to_wait(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    email = email_of(person)
    switched_on(person)
    thief = Person(app)
    thief.sign_in(email)

    answers = [thief.send("/sign-in/code", {"code": f"wrong {number}"}) for number in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_two_step_sign_in_is_switched_off_again_and_told_by_mail(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    email = email_of(person)
    switched_on(person)
    new = person.send("/account/two-step/recovery-codes")
    assert new.status_code == 200

    assert person.send("/account/two-step/off").status_code == 302

    assert Person(app).sign_in(email).location == "/"
    assert [mail.kind for mail in mails_to(email)] == ["two_step_off", "recovery_codes", "two_step_on"]


def test_delicate_changes_ask_for_the_password_once_more(
    app: Flask, marketplace: Marketplace, admin_connection: Admin
) -> None:
    person = member(app, marketplace)
    stale(admin_connection)

    for path in ("/account/two-step/on", "/account/two-step/off", "/account/two-step/recovery-codes"):
        assert person.send(path).location == "/account/confirm?next=/account/two-step/"
    assert person.client.get("/account/two-step/").location == "/account/confirm?next=/account/two-step/"
    assert person.send("/account/confirm?next=/account/two-step/", {"password": "not it"}).status_code == 401
    confirmed = person.send("/account/confirm?next=/account/two-step/", {"password": PASSWORD})

    assert confirmed.location == "/account/two-step/"
    assert "Scan this picture" in readable(person.get("/account/two-step/"))
    assert person.send("/account/confirm?next=//evil.example", {"password": PASSWORD}).location == "/account/"


def test_the_picture_needs_no_inline_style(app: Flask, marketplace: Marketplace) -> None:
    page = member(app, marketplace).get("/account/two-step/")
    picture = page.partition('<div class="qr-frame"')[2].partition("</div>")[0]
    assert "<svg" in picture
    assert "style" not in picture
    assert "<script" not in picture


def test_somebody_with_two_teams_switches_between_them(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    person = member(app, marketplace)
    email = email_of(person)
    invite(other_marketplace.staff, email=email, role="analyst")
    joined = person.send(f"/invitation/{token_for(email)}")
    assert joined.status_code == 302
    page = person.get("/account/")
    assert "Where you work" in readable(page)
    back = re.search(r'action="(/account/act-for/\d+)"', page)
    assert back
    assert person.client.get("/codes/").status_code == 403

    person.send(back[1])

    assert "Tracking codes" in person.get("/codes/")
    assert member(app, marketplace).send(back[1]).status_code == 404


def test_another_account_type_is_asked_for_and_granted(app: Flask, marketplace: Marketplace) -> None:
    person, admin = member(app, marketplace), member(app, marketplace, None, "admin")
    assert person.send("/account/type", {"account_type": "promoter", "statement": " "}).status_code == 422
    person.send("/account/type", {"account_type": "promoter", "statement": "<b>Register</b> J12"})
    assert "You asked to become: Promoter" in readable(person.get("/account/"))

    page = admin.get("/people/")
    assert "&lt;b&gt;Register&lt;/b&gt; J12" in page
    answer = re.search(r'action="(/people/requests/\d+/approve)"', page)
    assert answer
    assert person.send(answer[1]).status_code == 403
    admin.send(answer[1])

    assert "Promoter Business verified" in readable(person.get("/account/"))
