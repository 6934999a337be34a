"""The browser side of the toy platform."""

from __future__ import annotations

from collections.abc import Mapping

from adrail import CspSources, Transport
from tests.sdk.python.testing.toy.settings import ToySettings

ADAPTER = """
/* Comments may mention eval( and innerHTML. */
window.adrail.registerPixel("toy", function (env) {
  return {
    load: function (codes) { return env.loadScript(codes[0].script); }, // https://docs.toy.example
    track: function (code, event) { window.toy.send(code.public_id, event.name, event.event_id); },
    consent: function (granted) { window.toy.consent(granted); },
  };
});
"""


class ToyPixel:
    """One script for all accounts."""

    event_names: Mapping[str, str] = {"page_view": "page", "order_completed": "sale"}
    adapter = ADAPTER
    csp = CspSources(script=("cdn.toy.example",), img=("*.toy.example",))

    def script_url(self, settings: ToySettings, transport: Transport) -> str:
        """Return the script's address."""
        return f"{transport.url('script')}/toy.js?account={settings.account}"

    def public_settings(self, settings: ToySettings) -> Mapping[str, str | int | bool]:
        """Return what the page may know."""
        return {"enhanced": settings.enhanced, "window": settings.window}
