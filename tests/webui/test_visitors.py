"""On a person's page staff say whose a browser is, and take it back; the API does the same."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from core.catalog.api import place_order
from tests.marketplace import Marketplace
from tests.pipeline import ingest, relay
from tests.webui.people import member, readable

PAGE = "/persons/c-7"


def known(marketplace: Marketplace) -> None:
    """Let c-7 buy in the browser v-1 and c-8 in the browser v-2."""
    for number, name, visitor in (("A-1", "c-7", "v-1"), ("A-2", "c-8", "v-2")):
        order = marketplace.order(number, person={"external_id": name}, visitor_id=visitor, session_id=f"s-{visitor}")
        place_order(marketplace.tenant_id, order)
    relay()
    ingest()


def test_a_browser_is_taken_from_a_person_and_given_back(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace)
    staff = member(app, marketplace, None)
    assert "v-1 is somebody else" in staff.get(PAGE)
    assert staff.send("/persons/visitors/c-7", {"visitor_id": "v-1", "state": "not_linked"}).status_code == 302
    page = staff.get(PAGE)
    assert "They are apart" in page
    assert "Take back that v-1 is somebody else" in page
    staff.send("/persons/visitors/c-7", {"visitor_id": "v-1", "state": "as_told"})
    assert "v-1 is somebody else" in staff.get(PAGE)
    assert "Take back that" not in staff.get(PAGE)


def test_a_browser_is_linked_by_hand(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace)
    staff = member(app, marketplace, None)
    staff.send("/persons/visitors/c-7", {"visitor_id": " v-2 ", "state": "linked"})
    page = readable(staff.get(PAGE))
    assert "They are linked" in page
    assert "linked by staff" in page
    staff.send("/persons/visitors/c-7", {"visitor_id": "v-2", "state": "as_told"})
    assert "linked by staff" not in readable(staff.get(PAGE))


def test_what_cannot_be_is_said_plainly(app: Flask, marketplace: Marketplace) -> None:
    known(marketplace)
    staff = member(app, marketplace, None)
    staff.send("/persons/visitors/c-7", {"visitor_id": "v-none", "state": "linked"})
    assert "No such visitor" in staff.get(PAGE)
    staff.send("/persons/visitors/c-7", {"visitor_id": "v-2", "state": "not_linked"})
    assert "Nothing changed" in staff.get(PAGE)
    assert staff.send("/persons/visitors/nobody", {"visitor_id": "v-2", "state": "linked"}).status_code == 404
    analyst = member(app, marketplace, None, role="analyst")
    assert analyst.send("/persons/visitors/c-7", {"visitor_id": "v-2", "state": "linked"}).status_code == 403


def test_the_api_decides_and_lists_what_stands(client: FlaskClient, marketplace: Marketplace) -> None:
    known(marketplace)
    path, who = "/api/v1/persons/c-7/visitor-decisions", marketplace.bearer()
    body = {"visitor_id": "v-2", "state": "linked", "since": "2026-11-01T10:00:00Z"}
    assert client.post(path, json=body, headers=who).status_code == 204
    (item,) = client.get(path, headers=who).get_json()["items"]
    assert (item["visitor_id"], item["kind"], item["since"]) == ("v-2", "link", "2026-11-01T10:00:00+00:00")
    assert client.post(path, json={"visitor_id": "v-1", "state": "not_linked"}, headers=who).status_code == 204
    kinds = [item["kind"] for item in client.get(path, headers=who).get_json()["items"]]
    assert kinds == ["unlink", "link"]
    refused = client.post(path, json={"visitor_id": "v-2", "state": "perhaps"}, headers=who)
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, "/state")
    missing = client.post(path, json={"visitor_id": "v-none", "state": "linked"}, headers=who)
    assert (missing.status_code, missing.get_json()["code"]) == (404, "not_found")
