"""The catalogue's pages in a real browser: accessible, in every width, and filled in without a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.look import too_wide, violations
from tests.installation import Installation

PAGES = (
    "/live-events/",
    "/catalog/venues/",
    "/catalog/artists/",
    "/catalog/genres/",
    "/catalog/organizers/",
    "/catalog/ticket-types/",
    "/catalog/ticket-types/?search=nothing-has-this",
    "/catalog/venues/new",
    "/catalog/live-events/new",
    "/catalog/live-events/show/ev-1",
    "/catalog/live-events/edit/ev-1",
    "/catalog/live-events/status/cancelled/ev-1",
    "/catalog/artists/show/nina-petrescu",
    "/catalog/ticket-types/new?live_event_id=ev-1",
)


@pytest.fixture
def staff(context: BrowserContext, installation: Installation) -> Page:
    """Somebody who manages the marketplace."""
    page, facts = context.new_page(), installation.facts
    page.goto(f"{facts['base_url']}/sign-in")
    page.get_by_label("E-mail").fill(facts["admin_email"])
    page.get_by_label("Password").fill(facts["admin_password"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(staff: Page, installation: Installation) -> None:
    problems: list[Any] = []
    for path in PAGES:
        answer = staff.goto(installation.facts["base_url"] + path)
        assert answer is not None
        assert answer.status == 200, path
        staff.wait_for_load_state("networkidle")
        problems += [(path, found) for found in (*violations(staff), *too_wide(staff))]
    assert problems == []


def test_a_live_event_is_added_with_what_is_picked_by_typing(staff: Page, installation: Installation) -> None:
    errors: list[str] = []
    staff.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    staff.goto(f"{installation.facts['base_url']}/catalog/live-events/new")
    staff.get_by_role("searchbox", name="Search: Organiser").press_sequentially("electric del")
    staff.get_by_role("radio", name="Electric Delta").check()
    staff.get_by_role("searchbox", name="Search: Artists").press_sequentially("pelican")
    staff.get_by_role("checkbox", name="Pelican").check()
    staff.get_by_role("searchbox", name="Search: Artists").fill("reed")
    staff.get_by_role("checkbox", name="Reed").check()
    staff.get_by_label("Title", exact=True).fill("Reeds and Pelicans")
    staff.get_by_label("Starts").fill("2031-08-01T20:00")
    staff.get_by_role("button", name="Add live event").click()

    expect(staff.get_by_role("heading", name="Reeds and Pelicans")).to_be_visible()
    expect(staff.get_by_role("link", name="Pelican")).to_be_visible()
    expect(staff.get_by_role("link", name="Reed", exact=True)).to_be_visible()
    expect(staff.get_by_role("link", name="Electric Delta")).to_be_visible()
    assert errors == []
