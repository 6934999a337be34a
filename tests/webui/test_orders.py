"""Pages of orders: found by what people know of them, whole for the marketplace, in part for an organiser."""

from __future__ import annotations

from typing import Any

from flask import Flask

from core.catalog.api import change_order, place_order
from tests.marketplace import Marketplace
from tests.webui.people import member, readable

BOTH = [
    {"line": "1", "live_event_id": "ev-1", "ticket_type_id": "tt-1", "quantity": 1, "unit_price": "60.00"},
    {"line": "2", "live_event_id": "ev-3", "ticket_type_id": "tt-3", "quantity": 3, "unit_price": "40.00"},
]


def sold(marketplace: Marketplace, number: str = "A-1", **changes: Any) -> dict[str, Any]:
    """A paid order of both organisers, stored."""
    totals = {"gross": "180.00", "net": "151.26"}
    body = marketplace.order(number, **{"items": BOTH, "totals": totals, **changes})
    place_order(marketplace.tenant_id, body)
    return body


def test_the_marketplace_sees_everything_of_an_order(app: Flask, marketplace: Marketplace) -> None:
    body = sold(marketplace)
    back = [{"line": "2", "quantity": 1, "amount": "40.00"}]
    change = {"status": "partially_refunded", "transition_id": "r", "occurred_at": body["placed_at"], "refunds": back}
    change_order(marketplace.tenant_id, "A-1", change)
    person = member(app, marketplace, None)
    listed = readable(person.get("/orders/"))
    assert "A-1" in listed
    assert "Partly paid back" in listed
    page = readable(person.get("/orders/A-1"))
    for told in ("3 × General admission", "Event 3", "Organiser org-2", "Who gets what", "40 RON paid back", "c-7"):
        assert told in page, told


def test_an_organiser_sees_its_own_part(app: Flask, marketplace: Marketplace) -> None:
    sold(marketplace)
    sold(marketplace, "A-2", items=[BOTH[0]], totals={"gross": "60.00", "net": "50.00"})
    person = member(app, marketplace, "org-2")
    listed = readable(person.get("/orders/"))
    assert "A-1" in listed
    assert "A-2" not in listed
    page = readable(person.get("/orders/A-1"))
    assert "120 RON" in page
    for hidden in ("Event 1", "Organiser org-1", "180 RON", "c-7"):
        assert hidden not in page, hidden
    person.get("/orders/A-2", 404)


def test_lists_are_narrowed_and_say_when_nothing_fits(app: Flask, marketplace: Marketplace) -> None:
    sold(marketplace)
    person = member(app, marketplace, None)
    assert "A-1" in person.get("/orders/?search=A-1&status=completed&organizer=org-2&period=7")
    assert "No order matches" in person.get("/orders/?search=a-1")
    assert "Only orders with tickets of Event 2" in readable(person.get("/orders/?live_event=ev-2"))
    assert "Any state" in person.get("/orders/?status=nonsense&period=x")
    person.get("/orders/?organizer=none", 404)


def test_a_marketplace_without_orders_says_what_comes_here(app: Flask, marketplace: Marketplace) -> None:
    assert "No orders yet" in member(app, marketplace, None).get("/orders/")


def test_orders_of_another_marketplace_are_not_there(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    sold(marketplace)
    member(app, other_marketplace, None).get("/orders/A-1", 404)
    assert "No order matches" in member(app, other_marketplace, None).get("/orders/?search=A-1")
