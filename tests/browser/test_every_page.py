"""Every page that links lead to, in Romanian, dark and narrow: accessible, and in shape with long words or mirrored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.look import AXE, RUN, too_wide
from tests.browser.pictured_world import World
from tests.installation import Installation
from tests.rounds import rounds

ZOOMED = 640
"""Pixels that a window of 1280 has left at 200 %."""
ALL_WIDTHS = (1280, ZOOMED, 390)
LANGUAGES = ("ro", "en")[: rounds(1, 2)]
"""The one with the longer words; at full size the other as well."""
WIDTHS = {"as it is": (390, 1280), "longer words": (ZOOMED, 390), "mirrored": (390,)}
"""At test size, each thing in the widths that it is likeliest to break."""
LOOKS: tuple[tuple[Literal["dark", "light"], int], ...] = (
    tuple((theme, width) for theme in ("dark", "light") for width in ALL_WIDTHS) if rounds(0, 1) else (("dark", 390),)
)
"""Themes and widths in which everything is asked of a page; at full size in every language, too."""
NO_PAGES = re.compile(r"/(assets|audit/export|sdk|api)\b|/demo/(?!mail)|\.svg$")
"""What is no page of the staff; the shop is looked at by itself."""
# Forty per cent more text, with letters of other languages, wherever we say something.
LENGTHEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  for (const node of found) {
    const text = node.data.trim();
    const own = node.parentElement.closest("script, style, noscript, .mono, code, pre, time, option");
    if (text.length < 3 || own) continue;
    node.data = `${node.data.trimEnd()} ${text.slice(0, Math.ceil(text.length * 0.4)).replaceAll("e", "ë")} `;
  }
}"""
MIRROR = "() => { document.documentElement.dir = 'rtl'; }"


@pytest.fixture(scope="module")
def world(installation: Installation) -> World:
    """The demo marketplace with purchases that were accepted and that were not allowed."""
    made = World(installation)
    made.delivery(made.order(), "accepted", None)
    made.delivery(made.order(consent=False), "ignored", "no_consent")
    made.collect()
    return made


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A Romanian's telephone in dark mode."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="ro-RO", color_scheme="dark", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def read(page: Page, base_url: str, language: str) -> None:
    """Choose a language, as people do."""
    page.goto(base_url)
    page.locator(f"#account-menu [name=language][value={language}]").evaluate("button => button.click()")
    page.wait_for_selector(f"html[lang={language}]")


def sign_in(page: Page, base_url: str, email: str, password: str) -> None:
    page.goto(f"{base_url}/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{base_url}/")
    read(page, base_url, "ro")


def kind(address: str) -> str:
    """What addresses of the same page have in common: names of things, and values of filters or all of them."""
    parts = urlsplit(address)
    path = re.sub(
        r"/[^/]*\d[^/]*|(?<=/events/)[^/]+|(?<=/show/)[^/]+|(?<=/edit/)[^/]+|(?<=/status/)[^/]+", "/#", parts.path
    )
    if rounds(1, 0):
        return path
    return f"{path}?{'&'.join(sorted(re.findall(r'([a-z_]+)=', parts.query)))}"


def every_page(page: Page, base_url: str, start: str) -> Iterator[str]:
    """Open each kind of page once, following links from a first one."""
    waiting, known = [base_url + start], {kind(start)}
    while waiting:
        answer = page.goto(waiting.pop(0))
        if answer is None or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield page.url.removeprefix(base_url)
        for link in page.eval_on_selector_all("a[href]", "all => all.map(each => each.getAttribute('href'))"):
            address = urljoin(page.url, link).partition("#")[0]
            new = address.startswith(base_url) and not NO_PAGES.search(address) and "cursor=" not in address
            if new and kind(address.removeprefix(base_url)) not in known:
                known.add(kind(address.removeprefix(base_url)))
                waiting.append(address)


def problems_of(page: Page) -> list[Any]:
    """What axe finds, and in which widths something scrolls sideways: as it is, with longer words, mirrored."""
    page.evaluate(AXE)
    problems: list[Any] = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 844})
        found = page.evaluate(RUN)["violations"]
        problems += [(theme, width, item["id"], item["nodes"][0]["target"]) for item in found]
    for what, change in (("as it is", "() => {}"), ("longer words", LENGTHEN), ("mirrored", MIRROR)):
        page.evaluate(change)
        widths = ALL_WIDTHS if rounds(0, 1) else WIDTHS[what]
        problems += [(what, width) for width in too_wide(page, widths)]
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    return problems


@pytest.fixture
def administrator(window: Page, world: World) -> Iterator[Page]:
    """Signed in there; what they chose is forgotten afterwards."""
    facts = world.facts
    sign_in(window, facts["base_url"], facts["admin_email"], facts["admin_password"])
    yield window
    read(window, facts["base_url"], "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_keeps_its_shape(administrator: Page, world: World, language: str) -> None:
    facts, window = world.facts, administrator
    read(window, facts["base_url"], language)
    problems: dict[str, Any] = {}
    seen = 0
    for path in every_page(window, facts["base_url"], "/"):
        seen += 1
        if found := problems_of(window):
            problems[path] = found

    assert problems == {}
    assert seen > 20


def test_the_shops_pages_are_accessible_and_keep_their_shape(window: Page, world: World) -> None:
    base_url = world.facts["base_url"]
    problems: dict[str, Any] = {}
    for path in (
        "/demo/",
        "/demo/events/castle-nights-2027",
        "/demo/cart",
        "/demo/events/none",
        "/sign-in",
        "/nothing",
    ):
        window.goto(base_url + path)
        assert window.locator("html").get_attribute("lang") == "ro"
        if found := problems_of(window):
            problems[path] = found

    assert problems == {}
