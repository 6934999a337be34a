"""A page with the real browser SDK and GA4 streams on it, in a real Chromium, under a strict policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from playwright.sync_api import Page, Request

from adrail import Transport
from adrail.sandbox import PlatformSandbox, SandboxRequest, SandboxResponse, SandboxServer
from plugins.ga4.pixel import Ga4Pixel
from plugins.ga4.settings import Ga4Settings
from tests.waiting import until

SDK = Path(__file__).resolve().parents[2] / "sdk" / "browser" / "dist"
NONCE = "cmFuZG9tLWVub3VnaA"
MARKETPLACE, ORGANIZER = "G-MARKET1234", "G-ORGANI5678"
POLICY = f"default-src 'none'; script-src 'nonce-{NONCE}'; connect-src 'self'; img-src 'self' data:"
JAVASCRIPT = {"Content-Type": "text/javascript; charset=utf-8"}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Thank you</title>
<link rel="icon" href="data:,">
<script nonce="{nonce}">{before}</script>
<script nonce="{nonce}" src="/shop/sdk/adrail.js"></script>
<script nonce="{nonce}">adrail.init({options});</script></head><body></body></html>"""


class Shop(PlatformSandbox):
    """The marketplace: its page, the SDK's files, the adapter, and a collector that takes everything."""

    slug: ClassVar[str] = "shop"

    def __init__(self) -> None:
        self.codes: list[dict[str, Any]] = []
        self.before = ""

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Answer a page's request."""
        if request.path == "/page":
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY}
            return SandboxResponse(200, self._page(), headers)
        if request.path == "/ga4.js":
            return SandboxResponse(200, Ga4Pixel().adapter, JAVASCRIPT)
        if request.path.startswith("/sdk/"):
            return SandboxResponse(200, (SDK / Path(request.path).name).read_bytes(), JAVASCRIPT)
        if request.path.startswith("/tx"):
            return SandboxResponse(202, {"accepted": 1, "duplicates": 0, "blocked_by_consent": 0, "rejected": 0})
        return SandboxResponse(404, "no such page\n")

    def _page(self) -> str:
        region = {"model": "opt_in", "analytics": False, "marketing": False}
        config = {
            "version": "1",
            "namespace": "6ba7b810-9dad-51d1-80b4-00c04fd430c8",
            "consent": {"default_region": "EU", "region": "EU", "regions": {"EU": region}},
            "live_events": {"ev-1": "org-1", "ev-2": "org-2"},
            "codes": self.codes,
        }
        options = {"key": "wk_test", "endpoint": "/shop/tx", "pageType": "thank_you", "config": config}
        return PAGE.format(nonce=NONCE, before=self.before, options=json.dumps(options))


def code(server: SandboxServer, stream: str, purpose: str = "marketing", *, debug_view: bool = False) -> dict[str, Any]:
    """Return a code as tracking-config states it; the organiser's is for org-1."""
    pixel, chosen = Ga4Pixel(), Ga4Settings(measurement_id=stream, debug_view=debug_view)
    transport = Transport({"script": f"{server.url}/ga4/script"})
    level = {"level": "marketplace", "organizer_id": None} if stream == MARKETPLACE else {
        "level": "organizer", "organizer_id": "org-1",
    }  # fmt: skip
    return {
        "provider": "ga4",
        "public_id": stream,
        **level,
        "purposes": [purpose],
        "events": {name: {"name": theirs} for name, theirs in pixel.event_names.items()},
        "settings": dict(pixel.public_settings(chosen)),
        "script": pixel.script_url(chosen, transport),
        "adapter": "/shop/ga4.js",
    }


class Visit:
    """One visitor on that page, watched for requests to Google and for errors."""

    def __init__(self, page: Page, server: SandboxServer) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.to_google: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if "/ga4/" in request.url:
            self.to_google.append(request.url)

    def open(self, query: str = "") -> None:
        """Open the page."""
        self.page.goto(f"{self.server.url}/shop/page{query}")

    def consent(self, **choice: bool) -> None:
        """Decide."""
        self.page.evaluate("choice => adrail.consent.set(choice)", choice)

    def run(self, script: str) -> None:
        """Run something on the page."""
        self.page.evaluate(script)

    def hits(self, name: str, count: int = 1) -> list[Mapping[str, str]]:
        """Wait for that many hits of a name, and return them by stream."""

        def found() -> list[Mapping[str, str]] | None:
            self.page.evaluate("0")  # lets the browser go on
            hits = [hit for hit in self.all_hits() if hit["en"] == name]
            return sorted(hits, key=lambda hit: hit["tid"]) if len(hits) >= count else None

        return until(found, what=f"{count} hits {name}")

    def all_hits(self) -> list[Mapping[str, str]]:
        """Return every hit so far, oldest first."""
        records = self.server.host.log.select("ga4")
        return [record.request.query for record in records if record.request.path == "/script/g/collect"]

    def cookies(self) -> dict[str, str]:
        """Return the page's cookies."""
        return {str(item["name"]): str(item["value"]) for item in self.page.context.cookies()}
