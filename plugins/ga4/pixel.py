"""The browser side: GA4's names, script and hosts, and the adapter that drives gtag."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from urllib.parse import urlencode

from adrail import CspSources, Transport
from plugins.ga4.conversions import EVENT_NAMES as SERVER_EVENT_NAMES
from plugins.ga4.settings import Ga4Settings


class Ga4Pixel:
    """Google's tag; several streams share one script and each gets its own events only."""

    event_names: Mapping[str, str] = MappingProxyType({"page_view": "page_view", **SERVER_EVENT_NAMES})
    csp = CspSources(
        script=("*.googletagmanager.com",),
        img=("*.google-analytics.com", "*.googletagmanager.com"),
        connect=("*.google-analytics.com", "*.analytics.google.com", "*.googletagmanager.com"),
    )

    @property
    def adapter(self) -> str:
        """JavaScript for the browser SDK, `pixel.js`."""
        return _adapter()

    def script_url(self, settings: Ga4Settings, transport: Transport) -> str:
        """Return the URL of Google's tag for this stream; the tag serves other streams of the page as well."""
        return f"{transport.url('script')}/gtag/js?{urlencode({'id': settings.measurement_id})}"

    def public_settings(self, settings: Ga4Settings) -> Mapping[str, str | int | bool]:
        """Return what the page may know."""
        return {"debug_view": settings.debug_view}


@cache
def _adapter() -> str:
    return files("plugins.ga4").joinpath("pixel.js").read_text(encoding="utf-8")
