"""Pages of the marketplace's administrators in a real browser: accessible, in every width, and copying works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.look import too_wide, violations
from tests.browser.pictured_world import CODES, SPECIAL, World
from tests.installation import Installation

PAGES = (
    "/sites/",
    "/sites/new",
    "/keys/",
    "/keys/new",
    "/keys/new/server",
    "/keys/new/organizer",
    "/keys/new/scanner",
    "/audit/",
    "/collection/",
    "/collection/refused",
    "/collection/live",
    "/collection/live?visitor=visitor-1",
    "/collection/events",
    "/collection/events/new",
    "/demo/mail/",
)


@pytest.fixture(scope="module")
def world(installation: Installation) -> Iterator[World]:
    """The demo marketplace with a connection that stopped, and so with a mail; it works again afterwards."""
    made = World(installation)
    code = made.code("ev-1")
    made.fail(code["public_id"], "expired_token", 1)
    order = made.order(SPECIAL, currency="EUR")
    made.delivery(order, "pending", "needs_reconnect")
    yield made
    answer = requests.patch(
        f"{made.facts['base_url']}{CODES}/{code['id']}",
        json={"settings": {"access_token": "a-new-token-for-the-demo"}},
        headers={"Authorization": f"Bearer {made.facts['organizer_api_token']}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    made.delivery(order, "accepted", None)


@pytest.fixture
def admin(context: BrowserContext, world: World) -> Page:
    """A tab of the administrator."""
    page = context.new_page()
    page.goto(f"{world.facts['base_url']}/sign-in")
    page.get_by_label("E-mail").fill(world.facts["admin_email"])
    page.get_by_label("Password").fill(world.facts["admin_password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def addresses(page: Page, facts: dict[str, Any]) -> list[str]:
    """The lists, the forms, and one page of each kind behind them."""
    page.goto(f"{facts['base_url']}/demo/mail/")
    mail = page.locator("a.row-link").first.get_attribute("href")
    page.goto(f"{facts['base_url']}/sites/")
    site = page.locator(".list-sites a").first.get_attribute("href")
    rotate = page.get_by_role("link", name="Replace").first.get_attribute("href")
    page.goto(f"{facts['base_url']}/keys/")
    key = page.locator(".list-keys a").first.get_attribute("href")
    return [*PAGES, str(mail), str(site), str(rotate), str(key), f"{key}/rotate", f"{key}/revoke"]


def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(admin: Page, world: World) -> None:
    problems: list[Any] = []
    for path in addresses(admin, world.facts):
        admin.goto(world.facts["base_url"] + path)
        problems += [(path, found) for found in (*violations(admin), *too_wide(admin))]

    assert problems == []


def test_keys_are_copied_by_a_button_and_a_new_one_is_shown_once(
    admin: Page, context: BrowserContext, world: World
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.goto(f"{world.facts['base_url']}/sites/")
    admin.get_by_role("button", name="Copy").first.click()
    expect(admin.get_by_role("button", name="Copied").first).to_be_visible()
    assert admin.evaluate("navigator.clipboard.readText()") == world.facts["write_key"]

    admin.goto(f"{world.facts['base_url']}/keys/")
    admin.get_by_role("link", name="Make key").click()
    admin.get_by_role("link", name="Server key").click()
    admin.get_by_label("Who will use it?").fill("a test")
    admin.get_by_role("button", name="Make key").click()
    key = admin.locator("#new-key").inner_text()
    assert violations(admin) == []
    admin.get_by_role("button", name="Copy").click()
    expect(admin.get_by_role("button", name="Copied")).to_be_visible()
    assert admin.evaluate("navigator.clipboard.readText()") == key
    admin.get_by_role("link", name="I have copied it").click()
    assert key not in admin.content()
