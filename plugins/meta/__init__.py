"""Meta: browser pixel, Conversions API, health check and local sandbox."""

from adrail import Platform, hookimpl
from plugins.meta.errors import EXPLAIN
from plugins.meta.health import MetaHealth
from plugins.meta.pixel import MetaPixel
from plugins.meta.sandbox import MetaSandboxProvider
from plugins.meta.sender import MetaConversions
from plugins.meta.settings import MetaSettings


@hookimpl
def register_platform() -> Platform:
    """Return the platform Meta."""
    return Platform(
        slug="meta",
        display_name="Meta",
        badge="M",
        sdk_version="1",
        settings=MetaSettings,
        endpoints={"api": "https://graph.facebook.com", "script": "https://connect.facebook.net"},
        explain=EXPLAIN,
        pixel=MetaPixel(),
        conversions=MetaConversions(),
        health=MetaHealth(),
        sandbox=MetaSandboxProvider(),
    )
