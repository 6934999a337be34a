"""In which language and theme pages are written, and how people choose."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from core.accounts.api import verify_audit
from core.languages import supported
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable
from webui import formats


def asking_for(person: Person, languages: str) -> Person:
    """Have the person's browser prefer languages."""
    person.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = languages
    return person


def root(text: str) -> dict[str, str]:
    return Elements(text).named("html")[0]


def test_a_visitor_reads_what_the_browser_asks_for(app: Flask, marketplace: Marketplace) -> None:
    page = asking_for(Person(app), "ro-RO,ro;q=0.9,en;q=0.5").get("/sign-in")

    assert root(page)["lang"] == "ro"
    assert "Autentificare" in readable(page)


@pytest.mark.parametrize("languages", ["", "de", "tlh,xx;q=0.3", "en-GB,ro;q=0.5"])
def test_other_languages_read_english(app: Flask, marketplace: Marketplace, languages: str) -> None:
    assert root(asking_for(Person(app), languages).get("/sign-in"))["lang"] == "en"


def test_what_a_member_chose_counts_more_than_the_browser(app: Flask, marketplace: Marketplace) -> None:
    person = asking_for(member(app, marketplace), "en")

    answer = person.send("/preferences/language", {"language": "ro", "next": "/codes/?state=on"})
    page = person.get("/")

    assert answer.location == "/codes/?state=on"
    assert root(page)["lang"] == "ro"
    assert "Privire de ansamblu" in readable(page)
    assert verify_audit(marketplace.tenant_id) is None


def test_a_language_that_is_not_spoken_changes_nothing(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    assert person.send("/preferences/language", {"language": "tlh"}).status_code == 302
    assert root(person.get("/"))["lang"] == "en"


def test_errors_are_told_in_the_readers_language(app: Flask, marketplace: Marketplace) -> None:
    assert "Aici nu este nimic" in readable(asking_for(Person(app), "ro").get("/nothing", 404))


def test_the_theme_is_kept_in_this_browser_until_the_system_decides_again(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    assert "data-theme" not in root(person.get("/"))
    person.send("/preferences/theme", {"theme": "dark"})
    assert root(person.get("/"))["data-theme"] == "dark"
    assert root(Person(app).get("/sign-in")) == {"lang": "en", "dir": "ltr"}
    person.send("/preferences/theme", {"theme": ""})
    assert "data-theme" not in root(person.get("/"))


def test_choosing_leads_to_no_other_site(app: Flask, marketplace: Marketplace) -> None:
    person = Person(app)

    for path in ("/preferences/language", "/preferences/theme"):
        assert person.send(path, {"next": "https://evil.example/"}).location == "/"


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "acum 1 zi"), (2, "acum 2 zile"), (5, "acum 5 zile")],
)
def test_romanian_plurals_are_right(app: Flask, count: int, text: str) -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    with app.test_request_context(headers={"Accept-Language": "ro"}):
        assert formats.relative(now.replace(day=20 - count), now, locale="ro") == text


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1 bilet"), (2, "2 bilete"), (19, "19 bilete"), (20, "20 de bilete"), (101, "101 bilete")]
)
def test_from_twenty_on_romanian_says_de(app: Flask, number: int, text: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "ro"}):
        template = app.jinja_env.from_string("{{ ngettext('%(num)s ticket', '%(num)s tickets', number) }}")
        assert template.render(number=number) == text


@pytest.mark.parametrize(
    ("tags", "code"), [(["ro-MD"], "ro"), (["fr", "en_US"], "en"), (["fr"], None), (["RO"], "ro"), ([], None)]
)
def test_tags_of_regions_find_their_language(tags: list[str], code: str | None) -> None:
    assert supported(tags) == code
