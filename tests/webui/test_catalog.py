"""Pages of the catalogue: lists, forms made from the wire forms, statuses, history and undo."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.catalog.api import KINDS
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable

NEW_VENUE = {"name": "Arena <b>Nord</b>", "city": "Iași", "country": "ro", "capacity": "1200", "latitude": "47,15",
             "longitude": "27.59"}  # fmt: skip
NEW_EVENT = {
    "title": "Șapte seri",
    "starts_at": "2031-07-05T20:00",
    "currency": "ron",
    "status": "draft",
    "venue_id": "v-1",
    "translations.en.title": "Seven evenings",
    "promoted": "on",
    "promotion_budget": "1500,50",
}


@pytest.fixture
def staff(app: Flask, marketplace: Marketplace) -> Person:
    """Somebody who manages the marketplace."""
    return member(app, marketplace, None, "admin")


@pytest.fixture
def organiser(app: Flask, marketplace: Marketplace) -> Person:
    """Somebody of org-1."""
    return member(app, marketplace, "org-1", "owner")


def stored(client: FlaskClient, marketplace: Marketplace, path: str) -> dict[str, Any]:
    """What the API tells of a row."""
    answer = client.get(f"/api/v1/catalog/{path}", headers=marketplace.bearer())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def edited(person: Person, path: str, **changes: str) -> tuple[int, str]:
    """Send a form as it is shown, with some fields changed; returns status and what comes then."""
    page = person.get(path)
    elements = Elements(page)
    fields: dict[str, Any] = {}
    for attrs in elements.named("input"):
        kind, name = attrs.get("type"), attrs.get("name", "")
        if name in {"", "csrf_token", "search"} or (kind in {"checkbox", "radio"} and "checked" not in attrs):
            continue
        fields.setdefault(name, []).append(attrs.get("value", "on"))
    fields |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', page))
    answer = person.send(path, {**fields, **changes})
    return answer.status_code, answer.headers.get("Location", answer.text)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"live-events"}))
def test_every_list_has_a_page(staff: Person, kind: str) -> None:
    page = staff.get(f"/catalog/{kind}/")
    assert 'aria-current="page"' in page
    assert staff.get(f"/catalog/{kind}/?search=zzzz").count("Nothing found") == 1
    staff.get("/catalog/nonsense/", 404)


def test_a_venue_is_added_shown_changed_and_brought_back(
    staff: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    answer = staff.send("/catalog/venues/new", NEW_VENUE)
    assert answer.status_code == 302, readable(answer.text)
    address = answer.headers["Location"]
    page = staff.get(address)
    assert "Arena &lt;b&gt;Nord&lt;/b&gt;" in page
    assert "1,200" in readable(page)
    name = address.rpartition("/")[2]
    assert stored(client, marketplace, f"venues/{name}")["latitude"] == 47.15
    status, back = edited(staff, f"/catalog/venues/edit/{name}", name="Arena Sud", capacity="")
    assert (status, back) == (302, address)
    page = staff.get(address)
    assert "Changed: name, capacity." in readable(page)
    undo = next(form["action"] for form in Elements(page).named("form") if "/undo/" in form.get("action", ""))
    assert staff.send(undo).status_code == 302
    assert stored(client, marketplace, f"venues/{name}")["capacity"] == 1200
    assert staff.send(undo).status_code == 302
    assert "It could not be taken back" in readable(staff.get(address))


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(staff: Person) -> None:
    answer = staff.send("/catalog/venues/new", {**NEW_VENUE, "country": "Romania", "capacity": "many"})
    assert answer.status_code == 422
    text = readable(answer.text)
    assert "Use an ISO 3166 code such as RO." in text
    assert "Send a whole number." in text
    assert Elements(answer.text).field("capacity")["value"] == "many"
    assert Elements(answer.text).field("name")["value"] == "Arena <b>Nord</b>"


def test_an_organiser_adds_a_live_event_of_their_own(
    organiser: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    assert 'name="organizer_id"' not in organiser.get("/catalog/live-events/new")
    answer = organiser.send("/catalog/live-events/new", {**NEW_EVENT, "organizer_id": "org-2"})
    assert answer.status_code == 302, readable(answer.text)
    row = stored(client, marketplace, f"live-events/{answer.headers['Location'].rpartition('/')[2]}")
    assert (row["organizer_id"], row["currency"], row["promotion_budget"]) == ("org-1", "RON", "1500.50")
    assert row["translations"] == {"en": {"title": "Seven evenings"}}
    # Typed in the marketplace's zone, Bucharest: three hours before UTC in July.
    assert row["starts_at"] == "2031-07-05T17:00:00+00:00"
    page = readable(organiser.get(answer.headers["Location"]))
    assert "Seven evenings Draft" in page
    assert "1,500.50 RON" in page
    listed = readable(organiser.get("/live-events/?search=seven"))
    assert "Seven evenings" in listed


def test_a_form_sent_back_unchanged_changes_nothing(
    organiser: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    address = organiser.send("/catalog/live-events/new", NEW_EVENT).headers["Location"]
    name = address.rpartition("/")[2]
    before = stored(client, marketplace, f"live-events/{name}")
    status, back = edited(organiser, f"/catalog/live-events/edit/{name}")
    assert (status, back) == (302, address)
    assert "Nothing to save" in readable(organiser.get(back))
    assert stored(client, marketplace, f"live-events/{name}") == before


def test_translations_into_other_languages_survive_the_form(
    staff: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    row = {"external_id": "jazz", "name": "Jazz", "translations": {"hu": {"name": "Dzsessz"}, "ro": {"name": "Jaz"}}}
    client.put("/api/v1/catalog/genres", json={"items": [row]}, headers=marketplace.bearer())
    status, _ = edited(staff, "/catalog/genres/edit/jazz", **{"translations.ro.name": "Jazz românesc"})
    assert status == 302
    assert stored(client, marketplace, "genres/jazz")["translations"] == {
        "hu": {"name": "Dzsessz"},
        "ro": {"name": "Jazz românesc"},
    }


def test_nobody_overwrites_what_they_have_not_seen(
    staff: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    version = Elements(staff.get("/catalog/venues/edit/v-1")).field("version")["value"]
    changed = {"external_id": "v-1", "capacity": 7}
    client.put("/api/v1/catalog/venues", json={"items": [changed]}, headers=marketplace.bearer())
    answer = staff.send("/catalog/venues/edit/v-1", {**NEW_VENUE, "version": version})
    assert answer.status_code == 422
    assert "Somebody else changed this meanwhile" in readable(answer.text)
    assert stored(client, marketplace, "venues/v-1")["name"] == "Club"


def test_a_status_is_changed_after_saying_what_will_happen(
    organiser: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    client.post("/api/v1/orders", json=marketplace.order(), headers=marketplace.bearer())
    asked = readable(organiser.get("/catalog/live-events/status/postponed/ev-1"))
    assert "2 tickets are sold so far. They stay valid for the new date." in asked
    answer = organiser.send("/catalog/live-events/status/postponed/ev-1", {"reason": "Storm"})
    page = organiser.get(answer.headers["Location"])
    assert "Event 1: Postponed" in readable(page)
    assert "On sale → Postponed" in readable(page)
    assert "Storm" in readable(page)
    undo = next(form["action"] for form in Elements(page).named("form") if "/undo/" in form.get("action", ""))
    organiser.send(undo)
    assert stored(client, marketplace, "live-events/ev-1")["status"] == "on_sale"


def test_cancelling_is_final_and_says_so(organiser: Person, client: FlaskClient, marketplace: Marketplace) -> None:
    assert "This is final" in readable(organiser.get("/catalog/live-events/status/cancelled/ev-1"))
    page = organiser.get(organiser.send("/catalog/live-events/status/cancelled/ev-1").headers["Location"])
    assert "This state is final." in readable(page)
    assert "not possible now" in readable(organiser.get("/catalog/live-events/status/on_sale/ev-1"))
    again = organiser.send("/catalog/live-events/status/on_sale/ev-1")
    assert "Nothing was changed" in readable(organiser.get(again.headers["Location"]))
    assert stored(client, marketplace, "live-events/ev-1")["status"] == "cancelled"


def test_organisers_neither_see_nor_change_what_is_not_theirs(organiser: Person, staff: Person) -> None:
    for path in ("show/ev-3", "edit/ev-3", "status/cancelled/ev-3"):
        organiser.get(f"/catalog/live-events/{path}", 404)
    organiser.get("/catalog/ticket-types/show/tt-3", 404)
    organiser.get("/catalog/organizers/show/org-2", 404)
    for path in ("venues/new", "artists/new", "venues/edit/v-1"):
        organiser.get(f"/catalog/{path}", 403)
    assert organiser.send("/catalog/live-events/status/cancelled/ev-3").status_code == 404
    assert organiser.send("/catalog/live-events/undo/1/ev-3").status_code == 404
    staff.get("/catalog/live-events/show/ev-3")


def test_another_marketplaces_rows_do_not_exist(app: Flask, other_marketplace: Marketplace, staff: Person) -> None:
    other = member(app, other_marketplace, None, "admin")
    staff.send("/catalog/venues/new", {**NEW_VENUE, "external_id": "only-here"})
    staff.get("/catalog/venues/show/only-here")
    for path in ("show", "edit"):
        other.get(f"/catalog/venues/{path}/only-here", 404)


def test_rows_are_picked_by_typing_and_what_is_chosen_stays(staff: Person) -> None:
    part = staff.get("/catalog/pick/live-events?field=live_event_id&search=event 2&live_event_id=ev-1")
    found = [(item["value"], "checked" in item) for item in Elements(part).named("input")]
    assert found == [("ev-1", True), ("ev-2", False)]


def test_ticket_types_are_added_to_a_live_event(
    organiser: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    form = organiser.get("/catalog/ticket-types/new?live_event_id=ev-1")
    assert Elements(form).field("live_event_id")["value"] == "ev-1"
    fields = {"live_event_id": "ev-1", "name": "Balcony", "category": "VIP", "price": "300", "sale_price": "250.5"}
    answer = organiser.send("/catalog/ticket-types/new", fields)
    assert answer.headers["Location"] == "/catalog/live-events/show/ev-1"
    page = readable(organiser.get("/catalog/live-events/show/ev-1"))
    assert "Balcony VIP · 300 RON 250.50 RON · 0 sold" in page
    assert stored(client, marketplace, "live-events/ev-1")["price_to"] == "300.00"
    stolen = organiser.send("/catalog/ticket-types/new", {**fields, "live_event_id": "ev-3"})
    assert stolen.status_code == 422


def shop(client: FlaskClient, marketplace: Marketplace) -> None:
    """Give a marketplace a product, somebody who bought it, and a parcel."""
    line = {"line": "1", "product_id": "p-1", "quantity": 2, "unit_price": "50.00"}
    rows: dict[str, Any] = {
        "persons": {"external_id": "c-1"},
        "products": {"external_id": "p-1", "name": "Vinyl", "category": "Records", "seller": "Scena",
                     "currency": "RON", "price": "50.00"},
        "shop-orders": {"external_id": "so-1", "person_id": "c-1", "placed_at": "2026-10-01T10:00:00Z",
                        "currency": "RON", "gross": "100.00", "items": [line]},
        "shipments": {"external_id": "pa-1", "shop_order_id": "so-1", "carrier": "Post"},
        "affiliates": {"external_id": "af-1", "name": "Blog", "commission_percent": 4.5},
    }  # fmt: skip
    for kind, row in rows.items():
        answer = client.put(f"/api/v1/catalog/{kind}", json={"items": [row]}, headers=marketplace.bearer())
        assert answer.get_json()["created"] == 1, answer.text


def test_shop_orders_are_shown_with_what_was_bought_and_sent(
    staff: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    shop(client, marketplace)
    listed = readable(staff.get("/catalog/shop-orders/"))
    assert "so-1" in listed
    assert "100 RON Paid" in listed
    assert "Add" not in listed
    page = staff.get("/catalog/shop-orders/show/so-1")
    assert "Vinyl 2 × 50 RON" in readable(page)
    assert "pa-1 Post Being packed" in readable(page)
    assert 'href="/persons/c-1"' in page
    staff.get("/catalog/shop-orders/new", 404)
    staff.get("/catalog/shop-orders/edit/so-1", 404)
    assert "4.5 % of a sale" in readable(staff.get("/catalog/affiliates/"))


def test_a_parcel_goes_its_way_on_a_page(staff: Person, client: FlaskClient, marketplace: Marketplace) -> None:
    shop(client, marketplace)
    status, back = edited(staff, "/catalog/shipments/edit/pa-1", status="delivered", shop_order_id="so-1")
    assert status == 302, back
    assert stored(client, marketplace, "shipments/pa-1")["status"] == "delivered"
    assert "Delivered" in readable(staff.get(back))


def test_an_organiser_adds_products_and_other_sellers_of_their_own(
    organiser: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    fields = {"name": "Shirt", "category": "Textiles", "seller": "Us", "currency": "ron", "price": "99,90"}
    answer = organiser.send("/catalog/products/new", {**fields, "on_sale": "on", "organizer_id": "org-2"})
    assert answer.status_code == 302, readable(answer.text)
    row = stored(client, marketplace, f"products/{answer.headers['Location'].rpartition('/')[2]}")
    assert (row["organizer_id"], row["price"], row["on_sale"]) == ("org-1", "99.90", True)
    link = {"live_event_id": "ev-1", "seller": "Bilete", "url": "https://bilete.example/1", "utm.source": "scena"}
    answer = organiser.send("/catalog/ticket-links/new", {**link, "commission_percent": "4,5"})
    assert answer.headers["Location"] == "/catalog/live-events/show/ev-1"
    assert "Bilete 4.5 % of a sale" in readable(organiser.get("/catalog/live-events/show/ev-1"))
    (made,) = client.get("/api/v1/catalog/ticket-links", headers=marketplace.bearer()).get_json()["items"]
    assert (made["utm"], made["commission_percent"]) == ({"source": "scena"}, 4.5)
    page = readable(organiser.get(f"/catalog/ticket-links/show/{made['external_id']}"))
    assert "Source scena" in page
    assert organiser.send("/catalog/ticket-links/new", {**link, "live_event_id": "ev-3"}).status_code == 422
    wrong = organiser.send("/catalog/ticket-links/new", {**link, "url": "javascript:alert(1)"})
    assert wrong.status_code == 422


def test_the_marketplaces_own_lists_are_closed_to_organisers(
    organiser: Person, staff: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    shop(client, marketplace)
    tabs = organiser.get("/catalog/products/")
    for kind, name in (("affiliates", "af-1"), ("shop-orders", "so-1"), ("shipments", "pa-1")):
        assert f'href="/catalog/{kind}/"' not in tabs
        organiser.get(f"/catalog/{kind}/", 403)
        organiser.get(f"/catalog/{kind}/show/{name}", 403)
        organiser.get(f"/catalog/pick/{kind}?field=x", 403)
        staff.get(f"/catalog/{kind}/show/{name}")


def test_a_persons_page_tells_what_they_bought_and_like(
    staff: Person, client: FlaskClient, marketplace: Marketplace
) -> None:
    shop(client, marketplace)
    assert "What they like" not in readable(staff.get("/persons/c-1"))
    over = "2099-01-01T00:00:00Z"
    agreed = {"granted": True, "captured_at": "2026-10-01T10:00:00Z"}
    taste = {"source": "Songs Inc", "subject_kind": "word", "subject": "quiet", "consent": agreed, "expires_at": over}
    rows: dict[str, Any] = {
        "follows": {"person_id": "c-1", "subject_kind": "organizer", "subject_id": "org-1"},
        "interests": {"person_id": "c-1", **taste},
    }
    for kind, row in rows.items():
        client.put(f"/api/v1/catalog/{kind}", json={"items": [row]}, headers=marketplace.bearer())
    page = staff.get("/persons/c-1")
    assert "What they like Organiser org-1 follows quiet told by Songs Inc" in readable(page)
    assert "Shop orders so-1 100 RON" in readable(page)
    assert 'href="/catalog/shop-orders/show/so-1"' in page
