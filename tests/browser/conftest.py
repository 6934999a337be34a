"""A whole installation and a real Chromium, shared by all browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.install import find_chromium
from tests.browser.shop import Visit
from tests.installation import Installation
from tests.platform_records import reset

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """`adrail up --demo --sandbox`, as `make run` ends in."""
    with Installation("--demo", "--sandbox") as running:
        yield running


@pytest.fixture
def facts(installation: Installation) -> dict[str, Any]:
    """ready.json; the sandbox has forgotten what earlier tests sent."""
    reset(installation.facts["sandbox_url"])
    return installation.facts


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor without past."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab of that visitor."""
    return context.new_page()


@pytest.fixture
def visit(page: Page, facts: dict[str, Any]) -> Visit:
    """A visitor in front of the demo shop, watched for third-party requests and script errors."""
    return Visit(page, facts)
