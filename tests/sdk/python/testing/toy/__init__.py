"""A made-up platform with every capability that keeps every rule of the kit."""

from __future__ import annotations

from adrail import Platform, hookimpl
from tests.sdk.python.testing.toy.browser import ToyPixel
from tests.sdk.python.testing.toy.sandbox import ToySandboxProvider
from tests.sdk.python.testing.toy.sender import EXPLAIN, ToyConversions, ToyHealth
from tests.sdk.python.testing.toy.settings import ToySettings


@hookimpl
def register_platform() -> Platform:
    """Return the toy platform."""
    return Platform(
        slug="toy",
        display_name="Toy Ads",
        badge="T",
        sdk_version="1",
        settings=ToySettings,
        endpoints={"api": "https://api.toy.example", "script": "https://cdn.toy.example"},
        explain=EXPLAIN,
        consent_purposes=("marketing", "analytics"),
        pixel=ToyPixel(),
        conversions=ToyConversions(),
        health=ToyHealth(),
        sandbox=ToySandboxProvider(),
    )
