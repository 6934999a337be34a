"""Forms that were filled in wrongly say so in the reader's language: nothing of ours stays English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import psycopg
import pytest
from flask import Flask

from core.accounts.api import load_profile, set_language, user_with_email
from core.catalog.api import KINDS
from tests.marketplace import PLATFORM, Marketplace, make_marketplace
from tests.rounds import rounds
from tests.security.attack import FormFields
from tests.webui.people import PASSWORD, Person

WRONG = ("?!", "x" * 700, "", "-1")[: rounds(2, 4)]
"""What is typed into every field of a form at once."""
WORD = re.compile(r"[^\W\d_]{3,}")
SAID = ("field-error", "notice-bad", "message-bad", "text-bad", "notice-wait")
"""Classes of what tells somebody that something is wrong."""
SAME = {"cookie"}
"""Words that both languages have."""
KINDS_WITH_FORMS = sorted(set(KINDS) - {"shop-orders"})


class Refusals(HTMLParser):
    """The texts of a page that say what is wrong, one for each element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to listen, or go deeper."""
        if tag in {"input", "br", "img", "use", "meta", "link"}:
            return
        classes = (dict(attrs).get("class") or "").split()
        if self._depth:
            self._depth += 1
        elif set(SAID) & set(classes):
            self._depth = 1
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - their hook
        """Come up again."""
        self._depth = max(0, self._depth - 1)

    def handle_data(self, data: str) -> None:
        """Keep what is said."""
        if self._depth and data.strip():
            self.found[-1] = f"{self.found[-1]} {data.strip()}".strip()


@pytest.fixture(scope="module")
def place(database: str) -> Marketplace:
    """One marketplace for all forms."""
    return make_marketplace()


@pytest.fixture(scope="module")
def readers(app: Flask, place: Marketplace) -> dict[str, Person]:
    """The same administrator reading in two languages."""
    found = {}
    for language in ("en", "ro"):
        email = f"reader-{language}@{place.slug}.example"
        place.create_user(email, PASSWORD, role="admin")
        profile = load_profile(user_with_email(email) or 0)
        assert profile
        set_language(profile.actor, language)
        found[language] = Person(app)
        assert found[language].sign_in(email).status_code == 302
    return found


def forms(place: Marketplace, looking: Any) -> Iterator[tuple[str, str]]:
    """Address of a form, and where it is sent."""
    for kind in KINDS_WITH_FORMS:
        yield f"/catalog/{kind}/new", f"/catalog/{kind}/new"
    for path in ("venues/edit/v-1", "live-events/edit/ev-1", "ticket-types/edit/tt-1"):
        yield f"/catalog/{path}", f"/catalog/{path}"
    (site,) = looking.execute("SELECT min(id) FROM sites WHERE tenant_id = %s", [place.tenant_id]).fetchone()
    key = looking.execute("SELECT min(id) FROM api_keys WHERE tenant_id = %s", [place.tenant_id]).fetchone()[0]
    yield from ((path, path) for path in (f"/sites/{site}/edit", f"/sites/{site}/rotate", "/sites/new"))
    yield from ((path, path) for path in ("/people/invite", "/account/type", "/account/two-step"))
    yield from ((f"/keys/new/{kind}", f"/keys/new/{kind}") for kind in ("server", "organizer", "scanner"))
    if key:
        yield f"/keys/{key}/rotate", f"/keys/{key}/rotate"
    yield "/account/", "/account/profile"
    yield "/account/", "/account/password"
    yield "/forgot-password", "/forgot-password"
    yield "/persons/merge", "/persons/merge"
    code = looking.execute(
        "SELECT min(id) FROM event_tracking_codes WHERE tenant_id = %s", [place.tenant_id]
    ).fetchone()[0]
    yield f"/codes/{code}/edit", f"/codes/{code}/edit"


def sent(person: Person, shown: str, target: str, value: str) -> tuple[int, list[str]]:
    """Fill a form in with one value everywhere, and send it; returns what is said to be wrong."""
    page = person.client.get(shown)
    if page.status_code != 200:
        return page.status_code, []
    fields = {name: value for name in FormFields(page.text).fields if name not in {"csrf_token", "version"}}
    answer = person.send(target, fields)
    text = answer.text
    if answer.status_code == 302:
        text = person.client.get(answer.headers["Location"]).text
    return answer.status_code, Refusals(text).found


def test_no_refusal_stays_english(place: Marketplace, readers: dict[str, Person], database: str) -> None:
    place.add_code(PLATFORM, "own", "1000000000001")
    untranslated, refused = [], 0
    with psycopg.connect(database, autocommit=True) as looking:
        for shown, target in list(forms(place, looking)):
            for value in WRONG:
                english = sent(readers["en"], shown, target, value)
                romanian = sent(readers["ro"], shown, target, value)
                refused += english[0] == 422
                same = {text for text in romanian[1] if text in english[1] and set(WORD.findall(text)) - SAME}
                untranslated += [f"{target} with {value[:5]!r}: {text}" for text in sorted(same)]
    assert untranslated == []
    assert refused > 15 * len(WRONG)


def test_values_stand_in_translated_refusals(readers: dict[str, Person]) -> None:
    page = readers["ro"].send("/catalog/products/new", {"name": "x" * 300, "price": "1,234", "currency": "RON"}).text
    assert "Folosiți cel mult 200 caractere." in page or "Folosiți între 1 și 200 caractere." in page
    price = readers["ro"].send(
        "/catalog/products/new",
        {"name": "V", "category": "C", "seller": "S", "price": "1,234", "currency": "RON"},
    )
    assert "RON are 2 zecimale; rotunjiți suma" in price.text
