"""The delivery log, one delivery, the ledger and the overview, fed through the real pipeline."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from flask import Flask

from adrail.sandbox import SandboxServer
from core.catalog.api import place_order
from core.delivery.api import delivery_log
from tests.marketplace import Marketplace
from tests.pipeline import run_pipeline
from tests.tracking.events import Page, event
from tests.webui.people import Person, member, readable


@pytest.fixture
def owner(app: Flask, marketplace: Marketplace, sandbox: SandboxServer) -> Person:
    """Somebody of org-1, which has one code with a token."""
    requests.post(f"{sandbox.url}/_sandbox/reset", timeout=30)
    marketplace.add_code("meta", "default", "123456789012345", organizer="org-1")
    return member(app, marketplace)


def fail(sandbox: SandboxServer, kind: str, count: int = 1) -> None:
    """Have the platform answer with a fault."""
    body: dict[str, Any] = {"platform": "meta", "kind": kind, "count": count}
    requests.post(f"{sandbox.url}/_sandbox/faults", json=body, timeout=30).raise_for_status()


def buy(marketplace: Marketplace, number: str, *, consent: bool = True) -> int:
    """Place an order and let everything happen; returns the id of the organiser's delivery."""
    body = marketplace.order(number)
    body["consent"]["marketing"] = consent
    place_order(marketplace.tenant_id, body)
    run_pipeline()
    return delivery_log(marketplace.organizer("org-1"), order=number).items[0].id


def test_before_anything_was_sent_the_pages_say_what_they_will_show(owner: Person) -> None:
    assert "Nothing was sent yet" in readable(owner.get("/deliveries/"))
    assert "No ticket was sold in this period." in readable(owner.get("/"))
    assert "Nothing to count yet." in readable(owner.get("/overview/answers"))


def test_an_accepted_purchase_is_told_in_list_and_detail(owner: Person, marketplace: Marketplace) -> None:
    delivery = buy(marketplace, "A-1")

    listed = readable(owner.get("/deliveries/"))
    detail = readable(owner.get(f"/deliveries/{delivery}"))

    assert "1 conversion in the last 7 days every one of them is somewhere" in listed
    assert "Purchase 180 RON A-1" in listed
    assert "Meta accepted it just now" in detail
    assert "Accepted just now" in detail
    assert "Marketing agreed" in detail


def test_what_was_sent_is_shown_without_the_person(owner: Person, marketplace: Marketplace) -> None:
    delivery = buy(marketplace, "A-1")

    page = owner.get(f"/deliveries/{delivery}").lower()

    assert "user_data.em" in page
    for private in ("ana.popescu", "712345678", "0712 345 678", "198.51.100.7", "popescu"):
        assert private not in page
    assert not re.search(r"\b[0-9a-f]{64}\b", page)


def test_a_visitor_who_did_not_agree_is_told_as_not_sent(owner: Person, marketplace: Marketplace) -> None:
    delivery = buy(marketplace, "A-2", consent=False)

    assert "Not sent The visitor did not agree" in readable(owner.get("/deliveries/"))
    detail = readable(owner.get(f"/deliveries/{delivery}"))
    assert "The visitor did not agree to this purpose." in detail
    assert "Nothing left this server." in detail
    assert "1 was not sent, because the visitor did not agree." in readable(owner.get("/overview/answers"))


def test_what_the_platform_does_not_take_from_servers_is_not_told_as_sent(app: Flask, marketplace: Marketplace) -> None:
    marketplace.add_code("ga4", "web", "G-ABCDE12345", organizer="org-1")
    person = member(app, marketplace)
    seen = event("event_view", entities={"event_entity_id": "ev-1"}, payload={"currency": "RON", "price_from": "90.00"})
    assert Page(app.test_client(), marketplace).send(seen)["accepted"] == 1
    run_pipeline()

    listed = delivery_log(marketplace.organizer("org-1")).items
    assert [(item.canonical, item.state) for item in listed] == [("event_view", "ignored")]
    detail = readable(person.get(f"/deliveries/{listed[0].id}"))

    assert "Nothing left this server." in detail
    assert "still agreed" in detail
    assert "when it left" not in detail
    assert "Answered after" not in detail


def test_a_refused_delivery_can_be_sent_again(owner: Person, marketplace: Marketplace, sandbox: SandboxServer) -> None:
    fail(sandbox, "invalid_event")
    delivery = buy(marketplace, "A-3")
    page = readable(owner.get(f"/deliveries/{delivery}"))
    assert "Needs you" in page
    assert "What Meta said" in page
    assert "Look at 1 refused delivery" in readable(owner.get("/overview/answers"))

    response = owner.send(f"/deliveries/{delivery}/replay")
    run_pipeline()

    assert response.status_code == 302
    assert "Meta accepted it" in readable(owner.get(f"/deliveries/{delivery}"))


def test_an_expired_token_is_a_problem_with_a_remedy_on_every_page(
    owner: Person, marketplace: Marketplace, sandbox: SandboxServer
) -> None:
    fail(sandbox, "expired_token")
    delivery = buy(marketplace, "A-4")

    for path in ("/", "/codes/"):
        page = readable(owner.get(path))
        assert "Meta stopped accepting conversions for all my events." in page
        assert "1 conversion is waiting and will be sent, with the original time, once you reconnect." in page
        assert "Reconnect Meta" in page
    assert "Waiting for you" in readable(owner.get("/deliveries/"))
    assert "Reconnect Meta" in readable(owner.get(f"/deliveries/{delivery}"))


def test_a_new_token_sends_what_waited(owner: Person, marketplace: Marketplace, sandbox: SandboxServer) -> None:
    fail(sandbox, "expired_token")
    delivery = buy(marketplace, "A-5")
    connection = delivery_log(marketplace.staff).items[0].connection_id
    page = readable(owner.get(f"/connections/{connection}"))
    assert "The access token has expired." in page
    assert "1 conversion waits" in page

    empty = owner.send(f"/connections/{connection}/token", {"access_token": " "})
    assert empty.status_code == 422
    assert "Enter the platform's new token." in readable(empty.text)

    response = owner.send(f"/connections/{connection}/token", {"access_token": "EAAB" + "n" * 60})
    run_pipeline()

    assert response.status_code == 302
    assert "Meta is connected again" in readable(owner.get(f"/connections/{connection}"))
    assert "Meta accepted it" in readable(owner.get(f"/deliveries/{delivery}"))


def test_the_list_is_narrowed_by_state_order_and_live_event(owner: Person, marketplace: Marketplace) -> None:
    buy(marketplace, "A-6")
    buy(marketplace, "A-7", consent=False)

    assert "A-7" not in readable(owner.get("/deliveries/?state=accepted"))
    only = readable(owner.get("/deliveries/?order=A-7"))
    assert "Order A-7: 1 conversion" in only
    assert "A-6" not in only
    assert "No delivery matches" in readable(owner.get("/deliveries/?live_event=ev-2"))
    assert "A-6" in readable(owner.get("/deliveries/?state=nonsense"))


def test_the_list_renews_itself_with_its_filters(owner: Person) -> None:
    page = owner.get("/deliveries/?order=A-1&state=accepted")

    assert 'hx-get="/deliveries/rows?state=accepted&amp;order=A-1" hx-trigger="every 2s"' in page
    assert readable(owner.get("/deliveries/rows?order=A-1")).startswith("No delivery matches")
    assert readable(owner.get("/deliveries/ledger?order=A-1")).startswith("Order A-1: 0 conversions")


def test_a_spoilt_cursor_is_an_error_page_and_not_a_crash(owner: Person) -> None:
    assert "That did not work" in readable(owner.get("/deliveries/?cursor=nonsense", 422))


def test_another_organisers_deliveries_do_not_exist(app: Flask, owner: Person, marketplace: Marketplace) -> None:
    delivery = buy(marketplace, "A-8")
    stranger = member(app, marketplace, "org-2")

    stranger.get(f"/deliveries/{delivery}", 404)
    assert "A-8" not in stranger.get("/deliveries/")
    assert stranger.send(f"/deliveries/{delivery}/replay").status_code in {302, 404}
    assert "A-8" not in stranger.get("/")


def test_the_overview_answers_its_three_questions(owner: Person, marketplace: Marketplace) -> None:
    buy(marketplace, "A-9")

    page = readable(owner.get("/?answers=now"))

    assert "You sold 2 tickets in 1 order , worth 180 RON ." in page
    assert "Is it working? 1 of 1 code all of them heard" in page
    assert "What must I do? Nothing Everything runs by itself." in page
    assert "Platforms accepted 1 of 1 purchase." in page
    assert "Meta 1 / 1" in page


def test_sales_are_compared_with_the_period_before(owner: Person, marketplace: Marketplace) -> None:
    now = datetime.now(UTC)
    for number, days in (("A-10", 0), ("A-11", 1), ("A-12", 8)):
        place_order(
            marketplace.tenant_id, marketplace.order(number, placed_at=(now - timedelta(days=days)).isoformat())
        )

    week = readable(owner.get("/?days=7"))

    assert "Orders 2 +100 % on last period" in week
    assert "Ticket revenue 360 RON +100 % on last period" in week
    assert "3 orders" in readable(owner.get("/?days=no"))
    assert "Last 7 days" in week
