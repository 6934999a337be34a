"""The main journeys without a mouse: what has the focus is seen, and everything needed is reached with Tab."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.shop import Visit

MOST_TABS = 60
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  const after = getComputedStyle(document.activeElement, "::after");
  return [style, after].some(each => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2);
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, which must be visible."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector):
            assert page.evaluate(OUTLINE), f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"{selector} is not reached with {MOST_TABS} tabs")


def follow(page: Page) -> None:
    """Press Enter on what leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_in(page: Page, facts: dict[str, Any]) -> None:
    page.goto(f"{facts['base_url']}/sign-in")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(facts["organizer_email"])
    tab_to(page, "#password")
    page.keyboard.type(facts["organizer_password"])
    follow(page)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_from_signing_in_to_a_tracking_code_that_is_deleted_and_brought_back(
    context: BrowserContext, facts: dict[str, Any]
) -> None:
    page = context.new_page()
    sign_in(page, facts)

    tab_to(page, "a[href='/codes/']")
    follow(page)
    tab_to(page, ".row-link")
    follow(page)
    tab_to(page, "a[href$='/edit']")
    follow(page)
    tab_to(page, "input[type=text][id]")
    tab_to(page, "button.btn-main")
    tab_to(page, "a.btn-quiet")
    follow(page)
    tab_to(page, "a[href$='/delete']")
    follow(page)
    tab_to(page, "button.btn-bad")
    follow(page)
    expect(page.locator("[role=status]")).to_be_visible()
    tab_to(page, ".notice button")
    follow(page)
    expect(page.get_by_text("Taken back")).to_be_visible()


def test_the_account_menu_opens_chooses_and_closes(context: BrowserContext, facts: dict[str, Any]) -> None:
    page = context.new_page()
    sign_in(page, facts)

    tab_to(page, ".who")
    page.keyboard.press("Enter")
    expect(page.locator("#account-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#account-menu")).to_be_hidden()
    page.keyboard.press("Enter")
    tab_to(page, "[name=theme][value=dark]")
    follow(page)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    tab_to(page, ".who")
    page.keyboard.press("Enter")
    tab_to(page, "[name=theme][value='']")
    follow(page)
    expect(page.locator("html[data-theme]")).to_have_count(0)


def test_charts_tell_each_day_and_break_no_rule_of_the_page(context: BrowserContext, facts: dict[str, Any]) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    sign_in(page, facts)

    tab_to(page, "[data-chart]")
    says = page.locator("[data-chart-says]").first
    expect(says).to_contain_text("before:")
    today = says.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(says).not_to_have_text(today)
    page.keyboard.press("End")
    expect(says).to_have_text(today)
    expect(page.locator("[data-part] .skeleton")).to_have_count(0)

    assert errors == []


def test_a_ticket_is_bought(visit: Visit) -> None:
    page, facts = visit.page, visit.facts
    page.goto(f"{facts['base_url']}/demo/events/castle-nights-warm-up")
    tab_to(page, "[data-consent=all]")
    page.keyboard.press("Enter")

    tab_to(page, "#t2")
    page.keyboard.press("ArrowDown")
    tab_to(page, "form[action$='/tickets'] button")
    follow(page)
    tab_to(page, "a[href$='/checkout']")
    follow(page)
    for name, value in (("first_name", "Ana"), ("last_name", "Pop"), ("email", "ana@example.com")):
        tab_to(page, f"#{name}")
        page.keyboard.type(value)
    follow(page)

    expect(page.get_by_role("heading", name="You’re going!")).to_be_visible()
