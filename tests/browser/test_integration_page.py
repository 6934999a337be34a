"""The example of the how-to «put adrail on your marketplace», served from another origin, in a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Page

from core.embedded.paths import open_data_dir
from server.local_state import secrets_of
from tests.docs.generate import ROOT
from tests.installation import FOREIGN, Installation
from tests.platform_records import browser_hits, conversions
from tests.waiting import until

FUNNEL = ("ViewContent", "AddToCart", "InitiateCheckout", "Purchase")
EXAMPLE = ROOT / "docs/examples/marketplace.py"


@dataclass(frozen=True, slots=True)
class Site:
    """A site made by command, and the port its origin allows."""

    port: int
    write_key: str
    server_key: str

    @property
    def origin(self) -> str:
        """Where its page is: another host than adrail's own."""
        return f"http://localhost:{self.port}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in FOREIGN and not k.startswith("ADRAIL_")}


def command(installation: Installation, *words: str) -> str:
    """Run `adrail …` as the installation's operator; returns what it says."""
    facts = installation.facts
    environment = {
        **clean_environment(),
        **secrets_of(open_data_dir(installation.data_dir)),
        "DATABASE_URL": facts["database_url"],
        "REDIS_URL": facts["redis_url"],
    }
    done = subprocess.run(
        [sys.executable, "-m", "server", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(installation: Installation) -> Site:
    """A new site of the demo marketplace, with a server key for its backend."""
    port = free_port()
    said = command(
        installation, "site", "create", "scena", f"site-{port}", "--name", "Try", "--origin", f"http://localhost:{port}"
    )
    write_key = next(line.split()[-1] for line in said.splitlines() if line.startswith("write key"))
    server_key = command(installation, "key", "create", "scena", "--name", f"backend of site-{port}").strip()
    assert write_key in command(installation, "site", "list", "scena")
    return Site(port, write_key, server_key)


@contextmanager
def shop(facts: dict[str, Any], site: Site, port: int) -> Iterator[str]:
    """The example, running on a port; yields its address."""
    environment = {
        **clean_environment(),
        "ADRAIL_URL": facts["base_url"],
        "WRITE_KEY": site.write_key,
        "SERVER_KEY": site.server_key,
        "PIXEL_HOSTS": facts["sandbox_url"],
        "PORT": str(port),
        "SLUG": facts["demo_event_slug"],
        "LIVE_EVENT_ID": facts["demo_live_event_id"],
        "TICKET_TYPE_ID": facts["demo_ticket_type_id"],
        "PRICE": "60.00",
        "CURRENCY": "RON",
    }
    process = subprocess.Popen([sys.executable, str(EXAMPLE)], env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port), what="the example")
        yield f"http://localhost:{port}/"
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=30).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the page complained about."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    return said


def buy(page: Page) -> str:
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("button", name="Check out").click()
    page.get_by_label("First name").fill("Ana")
    page.get_by_label("E-mail").fill("ana@example.com")
    page.get_by_role("button", name="Pay").click()
    page.locator("#thanks").wait_for()
    return page.locator("#order").inner_text()


def deliveries(facts: dict[str, Any], order: str) -> list[dict[str, Any]]:
    key = {"Authorization": f"Bearer {facts['server_key']}"}
    answer = requests.get(f"{facts['base_url']}/api/v1/deliveries", params={"order": order}, headers=key, timeout=30)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_purchase_on_another_origin_arrives_once_from_server_and_browser(
    page: Page, facts: dict[str, Any], site: Site, errors: list[str]
) -> None:
    sandbox = facts["sandbox_url"]
    with shop(facts, site, site.port) as address:
        page.goto(address)
        page.get_by_role("button", name="Accept all").click()
        order = buy(page)
        server = until(
            lambda: found if len(found := conversions(sandbox)) >= 2 * len(FUNNEL) else [], what="the conversions"
        )
        browser = until(
            lambda: found if len(found := funnel_hits(sandbox)) >= 2 * len(FUNNEL) else [], what="the pixels"
        )

    assert errors == []
    pixels = {item["pixel"] for item in server}
    assert Counter(item["event_name"] for item in server) == dict.fromkeys(FUNNEL, len(pixels))
    assert {(item["pixel"], item["event_name"], item["event_id"]) for item in server} == {
        (hit["id"], hit["ev"], hit["eid"]) for hit in browser
    }
    purchases = [item for item in server if item["event_name"] == "Purchase"]
    assert {(item["custom_data"]["order_id"], item["custom_data"]["value"]) for item in purchases} == {(order, 120.0)}
    assert {item["event_source_url"] for item in server} == {address}


def test_refused_consent_sends_nothing_from_there_either(
    page: Page, facts: dict[str, Any], site: Site, errors: list[str]
) -> None:
    with shop(facts, site, site.port) as address:
        page.goto(address)
        page.get_by_role("button", name="Only necessary").click()
        order = buy(page)
        rows = until(lambda: deliveries(facts, order), what="the order's deliveries")
        page.reload()
        assert page.locator("#consent").is_hidden()

    assert {(row["state"], row["reason"]) for row in rows} == {("ignored", "no_consent")}
    assert conversions(facts["sandbox_url"]) == []
    assert browser_hits(facts["sandbox_url"]) == []
    assert errors == []


def test_an_origin_that_is_not_on_the_list_is_refused_and_told_so(
    page: Page, facts: dict[str, Any], site: Site, errors: list[str]
) -> None:
    foreign = free_port()
    with shop(facts, site, foreign) as address:
        page.goto(address)
        page.get_by_role("button", name="Accept all").click()
        until(lambda: told(page, errors, "/api/tx/"), what="the console's word")
        assert told(page, errors, "/tracking-config") != []

    answer = requests.post(
        f"{facts['base_url']}/api/tx/events",
        json={},
        headers={"X-Adrail-Key": site.write_key, "Origin": f"http://localhost:{foreign}"},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert f"http://localhost:{foreign}' is not on the site's list" in answer.json()["detail"]
    assert conversions(facts["sandbox_url"]) == []


def told(page: Page, errors: list[str], path: str) -> list[str]:
    """What the console says about requests that the browser may not make from there."""
    page.evaluate("0")  # lets the driver deliver what the browser has already reported
    return [text for text in errors if "blocked by CORS policy" in text and path in text]


def funnel_hits(sandbox_url: str) -> list[dict[str, Any]]:
    return [hit for hit in browser_hits(sandbox_url) if hit["ev"] in FUNNEL]
