"""Google Analytics 4: gtag pixel, Measurement Protocol, health check and local sandbox."""

from adrail import Platform, hookimpl
from plugins.ga4.errors import EXPLAIN
from plugins.ga4.health import Ga4Health
from plugins.ga4.pixel import Ga4Pixel
from plugins.ga4.sandbox import Ga4SandboxProvider
from plugins.ga4.sender import Ga4Conversions
from plugins.ga4.settings import Ga4Settings


@hookimpl
def register_platform() -> Platform:
    """Return the platform Google Analytics 4."""
    return Platform(
        slug="ga4",
        display_name="Google Analytics 4",
        badge="GA",
        sdk_version="1",
        settings=Ga4Settings,
        endpoints={"api": "https://www.google-analytics.com", "script": "https://www.googletagmanager.com"},
        explain=EXPLAIN,
        consent_purposes=("marketing", "analytics"),
        pixel=Ga4Pixel(),
        conversions=Ga4Conversions(),
        health=Ga4Health(),
        sandbox=Ga4SandboxProvider(),
    )
