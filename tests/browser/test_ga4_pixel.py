"""The adapter with the real SDK in a real Chromium: what Google's tag is told, and when not a byte goes there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from adrail.sandbox import SandboxServer
from plugins.ga4.identity import client_id, session_id
from plugins.ga4.sandbox import Ga4SandboxProvider
from tests.browser.ga4_page import MARKETPLACE, ORGANIZER, Shop, Visit, code
from tests.plugins.ga4.factories import conversion

PURCHASE = """adrail.purchase({order_id: "A-1", currency: "RON", value: "240.10", items: [
  {ticket_type_id: "tt-1", live_event_id: "ev-1", quantity: 2, unit_price: "100.05"},
  {ticket_type_id: "tt-2", live_event_id: "ev-2", quantity: 1, unit_price: "40.00"}]})"""


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


@pytest.fixture(scope="module")
def served(shop: Shop) -> Iterator[SandboxServer]:
    with SandboxServer([Ga4SandboxProvider().create(), shop]) as server:
        yield server


@pytest.fixture
def visit(page: Page, served: SandboxServer, shop: Shop) -> Iterator[Visit]:
    """A visitor before a page with a marketplace's stream (marketing) and an organiser's (analytics)."""
    served.host.reset()
    shop.codes = [code(served, MARKETPLACE), code(served, ORGANIZER, "analytics")]
    shop.before = ""
    visitor = Visit(page, served)
    yield visitor
    assert visitor.errors == []


def test_not_a_byte_before_consent_and_after_a_refusal(visit: Visit) -> None:
    visit.open()
    visit.run(PURCHASE)
    visit.page.wait_for_load_state("networkidle")
    visit.consent(analytics=False, marketing=False)
    visit.page.wait_for_load_state("networkidle")
    assert visit.to_google == []
    assert [name for name in visit.cookies() if name.startswith("_ga")] == []


def test_one_tag_serves_both_streams_and_each_gets_its_own(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.run(PURCHASE)
    market, organizer = visit.hits("purchase", 2)
    assert [hit["tid"] for hit in (market, organizer)] == [MARKETPLACE, ORGANIZER]
    assert (market["epn.value"], market["cu"], market["ep.transaction_id"]) == ("240.1", "RON", "A-1")
    assert (organizer["epn.value"], organizer["ep.transaction_id"]) == ("200.1", "A-1")
    assert (market["pr1"], market["pr2"]) == ("idtt-1~qt2~pr100.05", "idtt-2~qt1~pr40")
    assert organizer["pr1"] == "idtt-1~qt2~pr100.05"
    assert "pr2" not in organizer
    assert market["ep.event_id"] != organizer["ep.event_id"]
    assert len([url for url in visit.to_google if "/gtag/js" in url]) == 1


def test_page_views_are_the_sdks_alone(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.hits("page_view", 2)
    visit.run("history.pushState({}, '', '/shop/page?step=2')")
    views = visit.hits("page_view", 4)
    assert [hit["tid"] for hit in views] == [MARKETPLACE] * 2 + [ORGANIZER] * 2
    assert sorted(hit["dl"].rpartition("/")[2] for hit in views) == ["page"] * 2 + ["page?step=2"] * 2
    visit.page.wait_for_load_state("networkidle")
    assert len(visit.all_hits()) == 4


def test_consent_mode_says_what_was_granted(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    assert {hit["gcs"] for hit in visit.hits("page_view", 2)} == {"G111"}
    first = visit.page.evaluate("dataLayer.slice(0, 4).map(entry => JSON.parse(JSON.stringify(Array.from(entry))))")
    denied = dict.fromkeys(("ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"), "denied")
    assert first[0] == ["consent", "default", denied]
    assert first[1] == ["set", "ads_data_redaction", True]
    assert first[2][0] == "js"
    assert first[3] == ["consent", "update", dict.fromkeys(denied, "granted")]


def test_analytics_alone_means_one_stream_no_advertising_and_no_click_ids(visit: Visit) -> None:
    visit.open("?gclid=Cj0&utm_source=mail&fbclid=Iw")
    visit.consent(analytics=True, marketing=False)
    [view] = visit.hits("page_view")
    assert (view["tid"], view["gcs"]) == (ORGANIZER, "G101")
    assert view["dl"].rpartition("/")[2] == "page?utm_source=mail&"
    visit.consent(analytics=True, marketing=True)
    visit.run(PURCHASE)
    market, organizer = visit.hits("purchase", 2)
    assert (market["tid"], market["gcs"], organizer["gcs"]) == (MARKETPLACE, "G111", "G111")


def test_a_withdrawal_silences_the_tag_and_removes_its_cookies(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.hits("page_view", 2)
    assert {"_ga", "_ga_MARKET1234", "_ga_ORGANI5678"} <= set(visit.cookies())
    visit.consent(analytics=False, marketing=False)
    visit.run(PURCHASE)
    visit.run("gtag('event', 'by_the_page', {})")
    visit.page.wait_for_load_state("networkidle")
    assert [hit["en"] for hit in visit.all_hits()] == ["page_view"] * 2
    assert [name for name in visit.cookies() if name.startswith("_ga")] == []


def test_granted_again_it_goes_on(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.hits("page_view", 2)
    visit.consent(analytics=False, marketing=False)
    visit.consent(analytics=True, marketing=True)
    visit.run(PURCHASE)
    assert [hit["gcs"] for hit in visit.hits("purchase", 2)] == ["G111"] * 2
    assert len([url for url in visit.to_google if "/gtag/js" in url]) == 1


def test_a_pages_own_tag_is_left_alone(visit: Visit, shop: Shop) -> None:
    shop.before = "window.dataLayer = []; window.gtag = function () { dataLayer.push(arguments); }; gtag.own = true;"
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.hits("page_view", 2)
    assert visit.page.evaluate("gtag.own") is True
    assert visit.page.evaluate("Array.from(dataLayer[0]).slice(0, 2)") == ["consent", "update"]


def test_debug_view_marks_every_hit_of_its_stream(visit: Visit, shop: Shop, served: SandboxServer) -> None:
    shop.codes = [code(served, MARKETPLACE, debug_view=True), code(served, ORGANIZER)]
    visit.open()
    visit.consent(analytics=True, marketing=True)
    market, organizer = visit.hits("page_view", 2)
    assert market["ep.debug_mode"] == "true"
    assert "ep.debug_mode" not in organizer


def test_two_organisers_may_share_a_stream(visit: Visit, shop: Shop, served: SandboxServer) -> None:
    first = code(served, ORGANIZER)
    shop.codes = [first, {**first, "organizer_id": "org-2"}]
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.run(PURCHASE)
    assert sorted(hit["epn.value"] for hit in visit.hits("purchase", 2)) == ["200.1", "40"]
    configured = "dataLayer.filter(entry => entry[0] === 'config').map(entry => entry[1])"
    assert visit.page.evaluate(configured) == [ORGANIZER]


def test_a_search_carries_its_words(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    visit.run("adrail.track('search_performed', {payload: {query: 'jazz cluj', results_count: 3}})")
    assert [hit["ep.search_term"] for hit in visit.hits("search", 2)] == ["jazz cluj"] * 2


def test_the_cookies_lead_the_server_to_the_same_client_and_visit(visit: Visit) -> None:
    visit.open()
    visit.consent(analytics=True, marketing=True)
    market, _ = visit.hits("page_view", 2)
    cookies = visit.cookies()
    clicks = {"ga": cookies["_ga"], "ga_MARKET1234": cookies["_ga_MARKET1234"]}
    user = conversion().user
    order = conversion(destination_id=MARKETPLACE, user=type(user)(click_ids=clicks))
    assert (client_id(order), session_id(order)) == (market["cid"], market["sid"])
