"""Your account: name, password, sessions, and the way to another account type."""

from __future__ import annotations

from flask import Flask

from tests.marketplace import Marketplace
from tests.webui.people import PASSWORD, Person, member, readable


def test_the_account_page_says_who_one_is_and_where_one_is_signed_in(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    text = readable(person.get("/account/"))

    assert "Your account" in text
    assert "Organiser org-1" in text
    assert "This one" in text
