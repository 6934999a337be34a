"""What axe finds on a page, and in which widths something scrolls sideways; for every test that looks at pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.rounds import rounds

AXE = (Path(__file__).resolve().parents[2] / "webui" / "node_modules" / "axe-core" / "axe.min.js").read_text()
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# At test size the crawl of `test_every_page` sees the widths between.
WIDTHS = (1280, 768, 390, 320) if rounds(0, 1) else (1280, 320)
# What axe fetches beforehand serves one rule, about telephones that are turned; at full size it is asked, too.
RUN = f"axe.run(document, {{resultTypes: ['violations'], preload: {'true' if rounds(0, 1) else 'false'}}})"
CONTRAST = "axe.run(document, {runOnly: ['color-contrast'], preload: false})"


def violations(page: Page) -> list[tuple[str, Any]]:
    """What axe finds in the light; in the dark at full size only, because the crawl sees every page there."""
    page.evaluate(AXE)
    found = page.evaluate(RUN)["violations"]
    if rounds(0, 1):
        # Without motion, so that no colour is measured on its way to another.
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        found += page.evaluate(CONTRAST)["violations"]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return [(item["id"], item["nodes"][0]["target"]) for item in found]


def too_wide(page: Page, widths: tuple[int, ...] = WIDTHS) -> list[int]:
    """The widths in which something scrolls sideways."""
    wide = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 844})
        wide += [width] if page.evaluate(SIDEWAYS) else []
    return wide
