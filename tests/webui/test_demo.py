"""The demo marketplace: cart, checkout, one order however often the form is sent, what the page tells the SDK."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask, request

from adrail.sandbox import SandboxServer
from core.accounts.api import Actor
from core.delivery.api import delivery_log
from core.registry import registry
from server.demo.seed import DemoCredentials, seed_demo
from tests.pipeline import run_pipeline
from tests.webui.people import Elements, Person, readable
from webui.demo.cart import Cart
from webui.demo.checkout import Buyer, order_body
from webui.demo.posters import poster

# Of a live event on each platform: the marketplace's and the organiser's.
CODES = 2
EUR, RON = "castle-nights-2027", "castle-nights-warm-up"
BUYER = {"first_name": "Ana", "last_name": "Popescu", "email": "ana@example.com", "phone": "+40 712 345 678"}


@pytest.fixture(scope="module")
def shop(database: str, sandbox: SandboxServer) -> DemoCredentials:
    """The seeded demo marketplace."""
    credentials = seed_demo()
    assert credentials is not None
    return credentials


@pytest.fixture
def visitor(app: Flask, shop: DemoCredentials) -> Person:
    """Somebody with an empty cart."""
    return Person(app)


def page_data(page: str) -> dict[str, Any]:
    """What a page tells its script."""
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def add(visitor: Person, slug: str, ticket: str, quantity: int) -> tuple[int, str]:
    """Put tickets in the cart; returns status and page."""
    response = visitor.send(f"/demo/events/{slug}/tickets", {ticket: str(quantity)})
    return response.status_code, response.text


def checkout(visitor: Person, **changes: str) -> dict[str, str]:
    """Open the checkout and return its form, filled in."""
    order = Elements(visitor.get("/demo/checkout")).field("order_id")["value"]
    return {**BUYER, "order_id": order, **changes}


def granted(**changes: Any) -> str:
    """What the page's script writes into the form when everything was accepted."""
    consent = {"decided": True, "marketing": True, "analytics": True, "data_processing": True}
    visit = {"visitor_id": "v-demo", "session_id": "s-demo", "click_ids": {"fbclid": "x"}, "referrer": ""}
    return json.dumps({**visit, "consent": {**consent, "captured_at": "2026-11-01T10:00:00Z"}, **changes})


def sent(shop: DemoCredentials, order: str) -> list[str]:
    """Run the pipeline and return the states of an order's deliveries."""
    run_pipeline()
    return [item.state for item in delivery_log(Actor.system(shop.tenant_id, "test"), order=order).items]


def test_the_list_shows_what_is_on_and_narrows_it_by_kind(visitor: Person) -> None:
    everything, jazz = readable(visitor.get("/demo/")), readable(visitor.get("/demo/?genre=jazz"))

    assert "Castle Nights 2027" in everything
    assert "Late Night Jam" in jazz
    assert "Castle Nights 2027" not in jazz


def test_an_event_page_reports_one_look_at_it(visitor: Person, shop: DemoCredentials) -> None:
    data = page_data(visitor.get(f"/demo/events/{EUR}"))

    assert data["eventView"] == {"live_event_id": "ev-1", "currency": "EUR", "price_from": "71.20"}
    assert data["sdk"]["pageType"] == "event"
    assert data["sdk"]["key"] == shop.write_key
    config = visitor.client.get(data["sdk"]["config"])
    assert config.status_code == 200
    assert config.json is not None
    assert config.json["live_events"] == {"ev-1": "org-1"}


def test_tickets_go_into_the_cart_and_are_reported_once(visitor: Person) -> None:
    assert add(visitor, EUR, "tt-1-ga", 2)[0] == 302

    first, second = (page_data(visitor.get("/demo/cart")) for _ in range(2))

    item = {"live_event_id": "ev-1", "ticket_type_id": "tt-1-ga", "qty": 2, "price": "89.00"}
    assert first["addToCart"] == {"items": [item], "cart_value": "178.00", "currency": "EUR"}
    assert "addToCart" not in second
    assert first["sdk"]["config"]["live_events"] == {"ev-1": "org-1"}


def test_a_cart_holds_one_currency_and_says_so(visitor: Person) -> None:
    add(visitor, EUR, "tt-1-ga", 1)

    status, page = add(visitor, RON, "tt-2-ga", 1)

    assert status == 422
    assert "Your cart holds tickets in EUR, these are sold in RON." in readable(page)
    assert "eventView" not in page_data(page)
    assert "60 RON" not in readable(visitor.get("/demo/cart"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [({}, "Choose how many tickets"), ({"tt-1-ga": "99"}, "At most 10 tickets"), ({"tt-99": "1"}, "Choose how many")],
)
def test_a_wrong_choice_of_tickets_is_explained(visitor: Person, fields: dict[str, str], message: str) -> None:
    response = visitor.send(f"/demo/events/{EUR}/tickets", fields)

    assert response.status_code == 422
    assert message in readable(response.text)


def test_lines_are_changed_and_removed(visitor: Person) -> None:
    add(visitor, EUR, "tt-1-ga", 1)

    visitor.send("/demo/cart", {"event": "ev-1", "ticket": "tt-1-ga", "quantity": "3"})
    assert "267 EUR" in readable(visitor.get("/demo/cart"))
    visitor.send("/demo/cart", {"event": "ev-1", "ticket": "tt-1-ga", "quantity": "0"})

    assert "Your cart is empty" in readable(visitor.get("/demo/cart"))
    assert visitor.client.get("/demo/checkout").location == "/demo/cart"


def test_a_checkout_with_errors_keeps_what_was_typed_and_starts_once(visitor: Person) -> None:
    add(visitor, EUR, "tt-1-ga", 1)
    opened = page_data(visitor.get("/demo/checkout"))
    fields = checkout(visitor, email="nowhere", last_name="", phone="call me")

    response = visitor.send("/demo/checkout", fields)

    assert opened["checkoutStarted"]["value"] == "89.00"
    assert response.status_code == 422
    assert "checkoutStarted" not in page_data(response.text)
    text = readable(response.text)
    for message in ("Your last name is missing.", "for example ana@example.com", "for example +40 712 345 678"):
        assert message in text
    assert Elements(response.text).field("first_name")["value"] == "Ana"


def test_an_order_is_placed_once_and_its_pixels_fire_once(visitor: Person, shop: DemoCredentials) -> None:
    add(visitor, EUR, "tt-1-ga", 2)
    fields = checkout(visitor, visit=granted())

    first, second = (visitor.send("/demo/checkout", fields) for _ in range(2))
    thanks, again = (visitor.get(first.location) for _ in range(2))

    assert first.location == second.location == f"/demo/orders/{fields['order_id']}"
    assert "You’re going!" in readable(thanks)
    item = {"live_event_id": "ev-1", "ticket_type_id": "tt-1-ga", "quantity": 2, "unit_price": "89.00"}
    order = {"order_id": fields["order_id"], "currency": "EUR", "value": "178.00", "items": [item]}
    assert page_data(thanks)["purchase"] == order
    assert "purchase" not in page_data(again)
    assert "Your cart is empty" in readable(visitor.get("/demo/cart"))
    assert sent(shop, fields["order_id"]) == ["accepted"] * CODES * len(registry().supporting("conversions"))


@pytest.mark.parametrize(
    "visit",
    ["", "not json", "[1]", json.dumps({"consent": "yes"}), granted(consent={"marketing": True, "decided": False})],
)
def test_without_a_clear_yes_nothing_is_sent(visitor: Person, shop: DemoCredentials, visit: str) -> None:
    add(visitor, EUR, "tt-1-ga", 1)
    fields = checkout(visitor, visit=visit)

    assert visitor.send("/demo/checkout", fields).status_code == 302

    assert sent(shop, fields["order_id"]) == ["ignored"] * CODES * len(registry().supporting("conversions"))


def test_the_order_keeps_which_text_the_visitor_agreed_to(visitor: Person) -> None:
    data = page_data(visitor.get("/demo/"))

    visit = granted(consent={"decided": True, "copy_hash": data["copyHash"]})
    with visitor.client.application.test_request_context(method="POST", data={"visit": visit}):
        body = order_body(request, Cart(()), Buyer(), "D-1")

    assert re.fullmatch("[0-9a-f]{32}", data["copyHash"])
    assert body["consent"]["copy_hash"] == data["copyHash"]


def test_a_checkout_of_an_older_cart_is_shown_the_cart_again(visitor: Person) -> None:
    add(visitor, EUR, "tt-1-ga", 1)

    response = visitor.send("/demo/checkout", {**BUYER, "order_id": "D-SOMETHING"})

    assert response.location == "/demo/cart"
    assert "had changed in the meantime" in readable(visitor.get("/demo/cart"))


def test_an_order_is_shown_only_where_it_was_placed(app: Flask, visitor: Person) -> None:
    add(visitor, EUR, "tt-1-ga", 1)
    placed = visitor.send("/demo/checkout", checkout(visitor, visit=granted())).location

    assert "This is not on the programme" in readable(Person(app).get(placed, 404))


def test_demo_pages_let_in_the_pixels_hosts_and_no_others(visitor: Person, sandbox: SandboxServer) -> None:
    policy = visitor.client.get("/demo/").headers["Content-Security-Policy"]

    assert re.search(rf"script-src 'nonce-[\w-]+' {re.escape(sandbox.url)}(;|$)", policy)
    assert re.search(rf"connect-src 'self' {re.escape(sandbox.url)}(;|$)", policy)
    vendors = {host for item in registry().supporting("pixel") if item.pixel for host in item.pixel.csp.connect}
    assert vendors
    assert not [host for host in vendors if host in policy]


def test_posters_are_well_formed_and_stay_the_same() -> None:
    seeds = [f"event-{number}" for number in range(60)]

    drawn = {seed: poster(seed) for seed in seeds}

    assert all(ET.fromstring(svg).tag.endswith("svg") for svg in drawn.values())  # noqa: S314 - our own
    assert len(set(drawn.values())) == len(seeds)
    assert poster(seeds[0]) == drawn[seeds[0]]
