"""Pages of persons: found by what one knows of them, masked, merged with open eyes."""

from __future__ import annotations

import psycopg
from flask import Flask

from core.catalog.api import place_order, upsert_persons
from core.db.session import tenant_session
from tests.marketplace import Marketplace
from tests.webui.people import member, readable

ANA = {
    "external_id": "c-1",
    "email": "ana@example.com",
    "phone": "+40 712 345 678",
    "first_name": "Ana",
    "city": "Cluj",
}
TWIN = {"external_id": "c-2", "email": "Ana@Example.com", "last_name": "Popescu"}


def known(marketplace: Marketplace, *people: dict[str, str]) -> None:
    """Store persons."""
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, list(people))


def test_people_are_found_by_whole_addresses_numbers_and_ids(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace, ANA, {"external_id": "c-3", "email": "bob@example.com"})
    person = member(app, marketplace, None)
    for search in ("ANA@example.com", "0040 712 345 678".replace("00", "+", 1), "c-1"):
        page = person.get(f"/persons/?search={search.replace('+', '%2B')}")
        assert "c-1" in page
        assert "c-3" not in page
    assert "Nobody was found" in person.get("/persons/?search=ana@example")
    assert "c-3" in person.get("/persons/")


def test_nothing_that_names_somebody_is_in_a_page_unasked(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace, ANA)
    person = member(app, marketplace, None)
    for path in ("/persons/", "/persons/c-1", "/persons/duplicates", "/persons/merge?survivor=c-1"):
        page = person.get(path)
        for clear in ("ana@example.com", "712 345", "Ana<"):
            assert clear not in page, path
    assert "a•••@e•••.com" in person.get("/persons/c-1")


def test_who_looks_at_clear_values_is_on_record(
    app: Flask, marketplace: Marketplace, admin_connection: psycopg.Connection[object]
) -> None:
    known(marketplace, ANA)
    owner, analyst = member(app, marketplace, None), member(app, marketplace, None, role="manager")
    shown = owner.send("/persons/reveal/c-1")
    assert "ana@example.com" in shown.text
    assert analyst.send("/persons/reveal/c-1").status_code == 403
    query = "SELECT detail ->> 'fields' FROM audit_log WHERE tenant_id = %s AND action = 'person.reveal'"
    assert admin_connection.execute(query, [marketplace.tenant_id]).fetchall() == [
        ('["email", "first_name", "phone"]',)
    ]


def test_a_merge_is_shown_done_and_taken_back(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace, ANA, TWIN)
    for number, name in (("A-1", "c-1"), ("A-2", "c-2")):
        place_order(marketplace.tenant_id, marketplace.order(number, person={"external_id": name}))
    person = member(app, marketplace, None)
    assert "Same e-mail address" in readable(person.get("/persons/duplicates"))
    seen = readable(person.get("/persons/merge?survivor=c-1&merged=c-2"))
    assert "c-1 has 2 orders" in seen
    done = person.send("/persons/merge", {"survivor": "c-1", "merged": "c-2"})
    assert (done.status_code, done.location) == (302, "/persons/c-1")
    page = readable(person.get("/persons/c-1"))
    assert "A-1" in page
    assert "A-2" in page
    assert "This is the same person as c-1" in readable(person.get("/persons/c-2"))
    assert "No duplicates" in person.get("/persons/duplicates")
    assert "merged into another person already" in readable(person.get("/persons/merge?survivor=c-1&merged=c-2", 422))
    assert person.send("/persons/unmerge/c-2").status_code == 302
    assert "A-2" not in readable(person.get("/persons/c-1"))


def test_two_persons_of_one_family_stay_two(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace, ANA, TWIN)
    person = member(app, marketplace, None)
    page = person.get("/persons/duplicates")
    action = page.split('action="/persons/duplicates/')[1].split('"')[0]
    assert person.send(f"/persons/duplicates/{action}").status_code == 302
    assert "No duplicates" in person.get("/persons/duplicates")


def test_persons_are_the_marketplaces_own(app: Flask, marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    known(marketplace, ANA)
    organiser, stranger = member(app, marketplace, "org-1"), member(app, other_marketplace, None)
    assert 'href="/persons/"' not in organiser.get("/")
    for path in ("/persons/", "/persons/c-1", "/persons/duplicates"):
        organiser.get(path, 403)
    stranger.get("/persons/c-1", 404)
    assert "Nobody was found" in stranger.get("/persons/?search=ana@example.com")
    assert stranger.send("/persons/reveal/c-1").status_code == 404
    assert stranger.send("/persons/unmerge/c-1").status_code == 404
