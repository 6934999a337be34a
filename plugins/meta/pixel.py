"""The browser side: Meta's names, script and hosts, and the adapter that drives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from adrail import CspSources, Transport
from plugins.meta.conversions import EVENT_NAMES as SERVER_EVENT_NAMES
from plugins.meta.settings import MetaSettings

SCRIPT = "/en_US/fbevents.js"


class MetaPixel:
    """Meta's pixel; several ids share one script and each gets its own events only."""

    event_names: Mapping[str, str] = MappingProxyType({"page_view": "PageView", **SERVER_EVENT_NAMES})
    csp = CspSources(
        script=("connect.facebook.net",),
        img=("www.facebook.com",),
        connect=("www.facebook.com", "connect.facebook.net"),
    )

    @property
    def adapter(self) -> str:
        """JavaScript for the browser SDK, `pixel.js`."""
        return _adapter()

    def script_url(self, settings: MetaSettings, transport: Transport) -> str:  # noqa: ARG002
        """Return the URL of the vendor's script; it is the same for every pixel."""
        return transport.url("script") + SCRIPT

    def public_settings(self, settings: MetaSettings) -> Mapping[str, str | int | bool]:
        """Return what the page may know."""
        return {"advanced_matching": settings.advanced_matching}


@cache
def _adapter() -> str:
    return files("plugins.meta").joinpath("pixel.js").read_text(encoding="utf-8")
