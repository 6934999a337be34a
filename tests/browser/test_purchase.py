"""The demo purchase in a real Chromium: what the platforms receive from server and browser."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from typing import Any

import requests

from tests.browser.shop import Visit
from tests.platform_records import browser_hits, conversions, received
from tests.waiting import until

GOOGLE_HITS, GOOGLE_SERVER = "/ga4/script/g/collect", "/ga4/api/mp/collect"
FUNNEL = ("ViewContent", "AddToCart", "InitiateCheckout", "Purchase")


def test_a_purchase_reaches_every_pixel_once_from_server_and_browser(visit: Visit) -> None:
    order = buy_with_consent(visit)
    pixels = pixels_of(visit)
    server = settled_conversions(visit, len(FUNNEL) * len(pixels))
    browser = settled_hits(visit, len(FUNNEL) * len(pixels))
    expected = Counter((pixel, name) for pixel in pixels for name in FUNNEL)
    assert Counter((item["pixel"], item["event_name"]) for item in server) == expected
    assert Counter((hit["id"], hit["ev"]) for hit in browser) == expected
    assert {(item["pixel"], item["event_name"], item["event_id"]) for item in server} == {
        (hit["id"], hit["ev"], hit["eid"]) for hit in browser
    }
    assert {item["event_id"] for item in server if item["event_name"] == "Purchase"} == {
        event_id(visit, order, who) for who in ("*", "org-1")
    }
    assert visit.errors == []


def test_values_currencies_and_hashes_are_right(visit: Visit) -> None:
    order = buy_with_consent(visit)
    server = settled_conversions(visit, len(FUNNEL) * len(pixels_of(visit)))
    hits = [hit for hit in settled_hits(visit, len(server)) if hit["ev"] == "Purchase"]
    purchases = [item for item in server if item["event_name"] == "Purchase"]
    for purchase in purchases:
        data, user = purchase["custom_data"], purchase["user_data"]
        assert (data["value"], data["currency"], data["order_id"]) == (price(visit) * 2, "RON", order)
        assert data["contents"] == [
            {"id": visit.facts["demo_ticket_type_id"], "quantity": 2, "item_price": price(visit)}
        ]
        assert purchase["action_source"] == "website"
        assert purchase["event_source_url"].startswith(visit.facts["base_url"])
        assert first(user["em"]) == sha256("stefan.muller@example.com")
        assert first(user["ph"]) == sha256("40722123456")
        assert first(user["fn"]) == sha256("ștefan")
        assert first(user["ln"]) == sha256("müller")
        assert user["client_ip_address"] == "127.0.0.1"
        assert "Chrome" in user["client_user_agent"]
    values = {item["event_name"]: item["custom_data"].get("value") for item in server}
    assert values["AddToCart"] == values["InitiateCheckout"] == price(visit) * 2
    assert {(float(hit["cd[value]"]), hit["cd[currency]"]) for hit in hits} == {(price(visit) * 2, "RON")}


def test_refused_consent_lets_no_third_party_byte_out_and_sends_nothing(visit: Visit) -> None:
    visit.open_event()
    visit.decide("Only necessary")
    visit.add_tickets()
    visit.check_out()
    order = visit.pay()
    rows = until(lambda: deliveries_of(visit, order), what="the order's deliveries")
    assert {(row["state"], row["reason"]) for row in rows} == {("ignored", "no_consent")}
    assert visit.third_party() == []
    answer = requests.get(f"{visit.facts['sandbox_url']}/_sandbox/requests", timeout=30)
    assert answer.json()["items"] == []


def test_no_third_party_byte_before_the_visitor_decides(visit: Visit) -> None:
    visit.open_event()
    visit.page.wait_for_load_state("networkidle")
    assert visit.third_party() == []
    visit.decide("Accept all")
    until(lambda: browser_hits_of(visit, "ViewContent"), what="the browser pixel")
    assert visit.third_party() != []


def test_reloading_the_thank_you_page_fires_nothing_again(visit: Visit) -> None:
    buy_with_consent(visit)
    until(lambda: len(browser_hits_of(visit, "Purchase")) == 2, what="both purchase pixels")
    with visit.page.expect_response("**/api/tx/**"):
        visit.page.reload()
    visit.page.wait_for_load_state("networkidle")
    assert len(browser_hits_of(visit, "Purchase")) == 2


def test_the_purchase_comes_to_the_delivery_log(visit: Visit) -> None:
    order = buy_with_consent(visit)
    rows = until(
        lambda: [row for row in deliveries_of(visit, order) if row["state"] == "accepted"],
        what="the purchase in the delivery log",
    )
    assert {row["canonical"] for row in rows} == {"order_completed"}


def test_a_purchase_that_browser_and_server_report_is_counted_once_by_client_and_order(visit: Visit) -> None:
    order = buy_with_consent(visit)
    streams = pixels_of(visit, "ga4")
    browser, server = (purchases_at_google(visit, streams, path) for path in (GOOGLE_HITS, GOOGLE_SERVER))
    cookies = {str(item["name"]): str(item["value"]) for item in visit.page.context.cookies()}
    client = cookies["_ga"].removeprefix("GA1.1.")
    for stream in streams:
        [hit], [sent] = browser[stream], server[stream]
        [event] = sent["body"]["events"]
        assert (hit["query"]["cid"], hit["query"]["ep.transaction_id"]) == (client, order)
        assert (sent["body"]["client_id"], event["params"]["transaction_id"]) == (client, order)
        assert f".s{event['params']['session_id']}$" in cookies[f"_ga_{stream.removeprefix('G-')}"]
        assert hit["notes"]["duplicates"] + sent["notes"]["duplicates"] == 1
        assert float(hit["query"]["epn.value"]) == event["params"]["value"] == price(visit) * 2


def purchases_at_google(visit: Visit, streams: set[str], path: str) -> dict[str, list[dict[str, Any]]]:
    """Records of purchases by stream, once every stream has some."""

    def found() -> dict[str, list[dict[str, Any]]] | None:
        visit.page.evaluate("0")  # lets the browser go on
        records: dict[str, list[dict[str, Any]]] = {stream: [] for stream in streams}
        for item in received(visit.facts["sandbox_url"], "ga4"):
            if item["path"] == path and "purchase" in {item["query"].get("en"), *names_in(item["body"])}:
                records[item["query"].get("tid") or item["query"]["measurement_id"]].append(item)
        return records if all(records.values()) else None

    return until(found, what=f"a purchase of every stream at {path}")


def names_in(body: Any) -> set[str]:
    """Names of a server request's events."""
    return {event["name"] for event in body["events"]} if isinstance(body, dict) else set()


def buy_with_consent(visit: Visit) -> str:
    """Walk from the event's page to the thank-you page; returns the order's number."""
    visit.open_event()
    visit.decide("Accept all")
    visit.add_tickets()
    visit.check_out()
    return visit.pay()


def pixels_of(visit: Visit, provider: str = "meta") -> set[str]:
    """Public ids of a platform that the demo event's page carries, as any page may read them."""
    address = (
        f"{visit.facts['base_url']}/api/marketplace-client/events/{visit.facts['demo_event_slug']}/tracking-config"
    )
    codes = requests.get(address, params={"key": visit.facts["write_key"]}, timeout=30).json()["codes"]
    pixels = {code["public_id"] for code in codes if code["provider"] == provider}
    assert len(pixels) == 2
    return pixels


def settled_conversions(visit: Visit, number: int) -> list[dict[str, Any]]:
    """Conversions the sandbox accepted, once ``number`` have come; more than that fails the caller's comparison."""
    return until(
        lambda: found if len(found := conversions(visit.facts["sandbox_url"])) >= number else [],
        what=f"{number} conversions",
    )


def settled_hits(visit: Visit, number: int) -> list[dict[str, Any]]:
    """Hits of the browser's pixels along the funnel, once ``number`` have come, and before the page is left."""

    def found() -> list[dict[str, Any]]:
        visit.page.evaluate("0")  # lets the browser go on
        hits = [hit for hit in browser_hits(visit.facts["sandbox_url"]) if hit["ev"] in FUNNEL]
        return hits if len(hits) >= number else []

    return until(found, what=f"{number} hits")


def deliveries_of(visit: Visit, order: str) -> list[dict[str, Any]]:
    """The delivery log of an order, read with the marketplace's server key."""
    answer = requests.get(
        f"{visit.facts['base_url']}/api/v1/deliveries",
        params={"order": order},
        headers={"Authorization": f"Bearer {visit.facts['server_key']}"},
        timeout=30,
    )
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def browser_hits_of(visit: Visit, name: str) -> list[dict[str, Any]]:
    """Hits of the stand-in pixel for one event name."""
    return [hit for hit in browser_hits(visit.facts["sandbox_url"]) if hit["ev"] == name]


def event_id(visit: Visit, order: str, organizer: str) -> str:
    """The deterministic id of a purchase, calculated from the published name space."""
    address = f"{visit.facts['base_url']}/api/marketplace-client/site/tracking-config"
    config = requests.get(address, params={"key": visit.facts["write_key"]}, timeout=30).json()
    return str(uuid.uuid5(uuid.UUID(config["namespace"]), f"{order}|order_completed|{organizer}"))


def price(visit: Visit) -> float:
    """Price of the demo's general-admission ticket, as its page shows it."""
    visit.page.goto(visit.facts["demo_page_url"])
    row = visit.page.locator(".ticket", has=visit.page.locator(f'[name="{visit.facts["demo_ticket_type_id"]}"]'))
    return float(row.locator(".ticket-price").inner_text().split()[0])


def sha256(text: str) -> str:
    """Hex digest of UTF-8 text."""
    return hashlib.sha256(text.encode()).hexdigest()


def first(value: str | list[str]) -> str:
    """Platforms take one value or a list."""
    return value[0] if isinstance(value, list) else value
