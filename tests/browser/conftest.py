"""A whole installation and a real Chromium, shared by all browser tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.shop import Visit
from tests.installation import Installation
from tests.platform_records import reset
from tests.waiting import until

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """`adrail up --demo --sandbox`, as `make run` ends in."""
    with Installation("--demo", "--sandbox") as running:
        yield running


@pytest.fixture
def facts(installation: Installation) -> dict[str, Any]:
    """ready.json; the sandbox has forgotten what earlier tests sent, of which nothing is under way any more."""
    settle(installation.facts)
    reset(installation.facts["sandbox_url"])
    return installation.facts


def settle(facts: dict[str, Any]) -> None:
    """Wait until nothing is waiting to be delivered and nothing has come for a second."""
    address, headers = (
        f"{facts['base_url']}/api/v1/deliveries/ledger",
        {"Authorization": f"Bearer {facts['server_key']}"},
    )
    seen: tuple[dict[str, Any], float] = ({}, 0.0)

    def quiet() -> bool:
        nonlocal seen
        ledger = requests.get(address, headers=headers, timeout=30).json()
        if ledger != seen[0]:
            seen = ledger, time.monotonic()
        return ledger["pending"] == 0 and time.monotonic() - seen[1] > 1

    until(quiet, what="the end of what earlier tests sent")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor without past."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    made.set_default_timeout(30_000)
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
