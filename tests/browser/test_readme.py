"""The five minutes of the README, done by a browser that reads the same words a stranger reads."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.shop import Visit

WAIT_MS = 30_000


def test_a_stranger_gets_through_the_five_minutes(visit: Visit) -> None:
    page = visit.page
    buy(visit, "Accept all")
    sign_in_through_the_thank_you_page(visit)
    expect(deliveries(page, "Accepted")).to_have_count(1, timeout=WAIT_MS)
    page.get_by_role("navigation").get_by_role("link", name="Deliveries").click()
    for words in ("Event page view", "Add to cart", "Checkout started", "Purchase"):
        # Other visitors of the same installation may have come this way before.
        expect(deliveries(page, words).filter(has_text="Accepted").first).to_be_visible(timeout=WAIT_MS)
    add_code(page)
    expect(page.get_by_text("Meta answers for the pixel")).to_be_visible(timeout=WAIT_MS)
    see_what_fires(page)
    expect(page.locator("#firing")).to_contain_text(
        "555 6667 7788 8999 fires, because it is set for this live event", timeout=WAIT_MS
    )
    withdraw(visit)
    buy(visit, None)
    page.get_by_role("link", name="See what adrail saw").click()
    expect(deliveries(page, "The visitor did not agree")).to_have_count(1, timeout=WAIT_MS)


def deliveries(page: Page, words: str) -> Locator:
    """Rows of the delivery log about Meta that say this."""
    return page.get_by_role("row").filter(has_text="Meta").filter(has_text=words)


def buy(visit: Visit, consent: str | None) -> None:
    """Step 1."""
    visit.open_event()
    if consent:
        visit.decide(consent)
    visit.add_tickets()
    visit.check_out()
    visit.pay()


def sign_in_through_the_thank_you_page(visit: Visit) -> None:
    """Step 2."""
    page = visit.page
    page.get_by_role("link", name="See what adrail saw").click()
    page.get_by_label("E-mail").fill(visit.facts["organizer_email"])
    page.get_by_label("Password", exact=True).fill(visit.facts["organizer_password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Deliveries").wait_for()


def add_code(page: Page) -> None:
    """Step 3."""
    page.get_by_role("navigation").get_by_role("link", name="Tracking codes").click()
    page.get_by_role("link", name="Add tracking code").click()
    page.get_by_role("link", name="Meta").click()
    page.get_by_text("One live event", exact=True).click()
    page.get_by_label("Which live event?").fill("Winter Lights")
    page.get_by_role("group", name="Live events").get_by_text("Winter Lights").click()
    page.get_by_label("Pixel ID").fill("555666777888999")
    page.get_by_label("access token").fill("any-sixteen-letters-do")
    page.get_by_role("button", name="Add tracking code").click()
    page.get_by_role("button", name="Check with Meta").click()


def see_what_fires(page: Page) -> None:
    """Step 4."""
    page.get_by_role("navigation").get_by_role("link", name="Tracking codes").click()
    page.get_by_label("Page", exact=True).select_option(label="Winter Lights · event page")


def withdraw(visit: Visit) -> None:
    """Step 5."""
    visit.open_event()
    visit.page.get_by_role("button", name="Privacy choices").click()
    visit.page.get_by_text("Advertising", exact=True).click()
    visit.decide("Save my choice")
