"""Pages in a real browser: accessible, in every width, by keyboard, and alive."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.look import too_wide, violations
from tests.browser.pictured_world import World
from tests.installation import Installation

STAFF_PAGES = ("/", "/codes/", "/codes/new/meta", "/deliveries/", "/connections/", "/live-events/", "/nothing")
SHOP_PAGES = ("/sign-in", "/demo/", "/demo/events/castle-nights-2027", "/demo/cart")


@pytest.fixture(scope="module")
def world(installation: Installation) -> World:
    """The demo marketplace with purchases that were accepted and that were not allowed."""
    made = World(installation)
    made.delivery(made.order(), "accepted", None)
    made.delivery(made.order(consent=False), "ignored", "no_consent")
    return made


def signed_in(context: BrowserContext, facts: dict[str, Any]) -> Page:
    """Sign the organiser in."""
    page = context.new_page()
    page.goto(f"{facts['base_url']}/sign-in")
    page.get_by_label("E-mail").fill(facts["organizer_email"])
    page.get_by_label("Password").fill(facts["organizer_password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def addresses(page: Page, facts: dict[str, Any]) -> list[str]:
    """Every kind of page: the lists, and one page of each kind behind them."""
    found = [*STAFF_PAGES, *SHOP_PAGES]
    for path in ("/codes/", "/deliveries/", "/connections/"):
        page.goto(facts["base_url"] + path)
        found.append(str(page.locator("a.row-link").first.get_attribute("href")))
    code = found[-3]
    return [*found, f"{code}/edit", f"{code}/delete"]


def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(context: BrowserContext, world: World) -> None:
    page = signed_in(context, world.facts)
    problems: list[Any] = []
    for path in addresses(page, world.facts):
        page.goto(world.facts["base_url"] + path)
        problems += [(path, found) for found in (*violations(page), *too_wide(page))]

    assert problems == []


def test_the_way_to_a_delivery_needs_no_mouse(context: BrowserContext, world: World) -> None:
    page = signed_in(context, world.facts)
    page.goto(f"{world.facts['base_url']}/deliveries/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.locator("a.row-link").first).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="What was sent")).to_be_visible()


def test_a_purchase_appears_in_the_open_log_by_itself(context: BrowserContext, world: World) -> None:
    page = signed_in(context, world.facts)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"{world.facts['base_url']}/deliveries/?provider=meta")

    number = world.order()

    row = page.get_by_role("row").filter(has_text=number)
    expect(row.get_by_text("Accepted")).to_be_visible(timeout=30_000)
    assert errors == []


def test_on_a_phone_the_menu_opens_and_closes(context: BrowserContext, world: World) -> None:
    page = signed_in(context, world.facts)
    page.set_viewport_size({"width": 390, "height": 844})

    expect(page.get_by_role("link", name="Connections")).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.get_by_role("link", name="Connections")).to_be_visible()
    page.get_by_role("button", name="Close the menu").click()
    expect(page.get_by_role("link", name="Connections")).to_be_hidden()


def test_the_form_checks_an_id_while_it_is_typed(context: BrowserContext, world: World) -> None:
    page = signed_in(context, world.facts)
    page.goto(f"{world.facts['base_url']}/codes/new/meta")
    field = page.get_by_label("Pixel ID")

    field.fill("12a")
    expect(page.get_by_text("This is not a Pixel ID yet. It looks like 123456789012345.")).to_be_visible()
    field.fill("1234567")
    expect(page.get_by_text("Unusual for a Pixel ID.")).to_be_visible()
    field.fill("123456789012345")
    expect(page.get_by_text("Looks right.")).to_be_visible()
