"""People, accounts and sign-in in a real browser: accessible in every width, from the invitation to the second step."""

from __future__ import annotations

import secrets
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.look import too_wide, violations
from tests.installation import Installation

PAGES = (
    "/people/", "/people/invite", "/people/1", "/people/1/remove", "/people/roles/", "/people/roles/?type=admin",
    "/account/", "/account/type", "/account/two-step/", "/account/confirm",
)  # fmt: skip
OPEN_PAGES = ("/forgot-password", "/invitation/none", "/reset-password/none")
PASSWORD = "a few unrelated words"


@pytest.fixture
def facts(installation: Installation) -> dict[str, Any]:
    """ready.json of the running installation."""
    return installation.facts


def sign_in(page: Page, facts: dict[str, Any], email: str, password: str) -> None:
    """Fill the form of the sign-in page."""
    page.goto(f"{facts['base_url']}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def admin(context: BrowserContext, facts: dict[str, Any]) -> Page:
    """A tab of the administrator."""
    page = context.new_page()
    sign_in(page, facts, facts["admin_email"], facts["admin_password"])
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def problems(page: Page, base_url: str, paths: tuple[str, ...]) -> list[Any]:
    """What axe finds, and where something scrolls sideways."""
    found: list[Any] = []
    for path in paths:
        page.goto(base_url + path)
        found += [(path, item) for item in (*violations(page), *too_wide(page))]
    return found


def test_pages_about_people_are_accessible_and_fit_every_width(admin: Page, facts: dict[str, Any]) -> None:
    assert problems(admin, facts["base_url"], PAGES) == []


def test_pages_for_people_who_are_not_signed_in_are_too(context: BrowserContext, facts: dict[str, Any]) -> None:
    assert problems(context.new_page(), facts["base_url"], OPEN_PAGES) == []


def test_from_the_invitation_to_the_second_step(admin: Page, browser: Browser, facts: dict[str, Any]) -> None:
    email = f"maria-{secrets.token_hex(4)}@scena.example"
    admin.goto(f"{facts['base_url']}/people/")
    admin.get_by_role("link", name="Invite somebody").click()
    admin.get_by_label("E-mail").fill(email)
    admin.get_by_label("An organiser").check()
    admin.get_by_label("Which organiser?").select_option(index=0)
    admin.get_by_label("Manager").check()
    admin.get_by_role("button", name="Send invitation").click()
    expect(admin.get_by_text(f"{email} is invited")).to_be_visible()
    admin.goto(f"{facts['base_url']}/demo/mail/")
    admin.get_by_role("row").filter(has_text=email).get_by_role("link").first.click()
    link = str(admin.locator("article a").get_attribute("href"))

    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(link)
    assert violations(page) == []
    page.get_by_label("Your name").fill("Maria Nouă")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    codes = _switch_on(page, facts)
    assert errors == []

    context.clear_cookies()
    sign_in(page, facts, email, PASSWORD)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    context.close()


def _switch_on(page: Page, facts: dict[str, Any]) -> list[str]:
    """Switch two-step sign-in on as a telephone would be told; returns the recovery codes."""
    page.goto(f"{facts['base_url']}/account/two-step/")
    expect(page.get_by_role("img", name="Picture that holds the secret")).to_be_visible()
    page.get_by_text("It cannot be scanned?").click()
    secret = page.locator("details code").inner_text()
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    assert violations(page) == []
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10
    return codes
