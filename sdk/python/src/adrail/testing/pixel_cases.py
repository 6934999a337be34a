"""Cases about the browser side, as far as it can be judged without a browser."""

from __future__ import annotations

import http.client
import json
import re
from urllib.parse import urlsplit

from adrail.platform import PixelProvider
from adrail.sandbox import endpoints_at
from adrail.settings import setting_fields
from adrail.testing import trial_settings
from adrail.testing.bench import Bench
from adrail.testing.declarations import Declarations
from adrail.testing.factories import SECRET
from adrail.testing.verdict import demand
from adrail.transport import Transport

COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", re.DOTALL)
UNSAFE = (
    (r"\beval\s*\(", "eval"),
    (r"\bnew\s+Function\b|\bFunction\s*\(", "new Function"),
    (r"\bset(Timeout|Interval)\s*\(\s*['\"`]", "a timer with text"),
    (r"\binnerHTML\b|\bouterHTML\b|\binsertAdjacentHTML\b", "HTML from text"),
    (r"\bdocument\s*\.\s*write", "document.write"),
    (r"\bcreateElement\b", "createElement: scripts are loaded with env.loadScript, which knows the nonce"),
    (r"\bon[a-z]+\s*=\s*['\"]", "an inline event handler"),
    (r"javascript:", "a javascript: address"),
    (r"^\s*(import|export)\b", "import or export: an adapter is a plain script"),
)
HOST = re.compile(r"(https?://)?(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?")


class PixelCases(Declarations):
    """What the pixel provider and its adapter must be."""

    def test_the_adapter_registers_its_own_slug(self) -> None:
        """The SDK waits for exactly this name."""
        found = re.findall(r"registerPixel\(\s*['\"]([^'\"]*)['\"]", self._code())
        demand(
            found == [self.platform.slug],
            "The adapter calls window.adrail.registerPixel once, with the platform's slug",
            found=found,
            mend=f'window.adrail.registerPixel("{self.platform.slug}", function (env) {{ … }})',
        )

    def test_the_adapter_implements_the_contract(self) -> None:
        """`load`, `track` and `consent` are called by the SDK."""
        missing = [name for name in ("load", "track", "consent") if not re.search(rf"\b{name}\b", self._code())]
        demand(
            not missing,
            "The adapter has load, track and consent",
            found=f"missing: {', '.join(missing)}",
            mend="see «Pixel adapter contract» in the browser SDK's README",
        )

    def test_the_adapter_needs_no_unsafe_policy(self) -> None:
        """Pages run it under a strict Content-Security-Policy with a nonce."""
        found = [name for pattern, name in UNSAFE if re.search(pattern, self._code(), re.MULTILINE)]
        demand(
            not found,
            "The adapter is plain JavaScript without eval, HTML from text, inline handlers and script elements",
            found="; ".join(found),
            mend="call functions directly, and load the vendor's script with env.loadScript(url)",
        )

    def test_the_script_moves_with_the_transport(self) -> None:
        """A sandboxed installation must not reach the vendor."""
        moved = {name: f"https://moved.example/{name}" for name in self.platform.endpoints}
        url = self._pixel.script_url(trial_settings.settings_object(self.platform), Transport(moved))
        demand(
            any(url.startswith(f"{base}/") for base in moved.values()),
            "script_url begins with transport.url(…)",
            found=url,
            mend="declare the script's host in Platform.endpoints and build the address from the transport",
        )

    def test_the_page_learns_no_secret(self) -> None:
        """Public settings are plain values that anybody may read."""
        public = self._pixel.public_settings(trial_settings.settings_object(self.platform, secret=SECRET))
        secrets = {item.name for item, info in setting_fields(self.platform.settings) if info.secret}
        odd = [name for name, value in public.items() if not isinstance(value, str | int | bool)]
        demand(
            SECRET not in json.dumps(dict(public), default=str) and not secrets & set(public) and not odd,
            "public_settings holds text, whole numbers and booleans, and nothing secret",
            found=sorted({*odd, *secrets & set(public)}) or "the secret's value",
            mend="name the fields the adapter needs one by one",
        )

    def test_the_policy_lets_the_vendors_script_in(self) -> None:
        """Hosts only; the host of the script is among them."""
        csp = self._pixel.csp
        odd = [host for host in (*csp.script, *csp.img, *csp.connect, *csp.frame) if not HOST.fullmatch(host)]
        demand(
            not odd,
            "CSP sources are hosts, a leading *. allowed",
            found=odd,
            mend='write "connect.vendor.example", without quotes, keywords and paths',
        )
        url = self._pixel.script_url(
            trial_settings.settings_object(self.platform), Transport(dict(self.platform.endpoints))
        )
        host = urlsplit(url).hostname or ""
        demand(
            any(host == entry or (entry[:2] == "*." and host.endswith(entry[1:])) for entry in csp.script),
            "csp.script covers the host of script_url",
            found=f"{host} is not in {csp.script}",
            mend="add the host to csp.script",
        )

    def test_the_sandbox_serves_the_script_to_pages_of_other_origins(self, bench: Bench) -> None:
        """Without a stand-in for the vendor's script nothing of the browser side can be tried locally."""
        transport = Transport(endpoints_at(bench.server.url, self.platform))
        url = urlsplit(self._pixel.script_url(trial_settings.settings_object(self.platform), transport))
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
        try:
            connection.request("GET", f"{url.path}?{url.query}")
            answer = connection.getresponse()
            kind = answer.headers.get("Content-Type", "")
            origin = answer.headers.get("Access-Control-Allow-Origin", "")
            answer.read()
        finally:
            connection.close()
        demand(
            answer.status == 200 and "javascript" in kind and origin == "*",
            "The sandbox answers script_url with JavaScript, open to any origin",
            found=f"HTTP {answer.status}, {kind or 'no content type'}, allowed origin {origin or 'none'}",
            mend="serve a stand-in script with the headers of adrail.sandbox.OPEN_TO_BROWSERS",
        )

    @property
    def _pixel(self) -> PixelProvider:
        pixel = self.platform.pixel
        if pixel is None:
            raise LookupError("pixel cases are collected for platforms with a pixel only")
        return pixel

    def _code(self) -> str:
        return COMMENT.sub("", self._pixel.adapter)
