"""The platform object, its settings and its documentation."""

from __future__ import annotations

import re
from importlib.resources import files

import pluggy
import pytest

from adrail import SDK_VERSION, hookspecs
from adrail.settings import public_id_field, setting_fields
from plugins import ga4
from plugins.ga4.settings import Ga4Settings

FIELDS = {field.name: info for field, info in setting_fields(Ga4Settings)}
README = files("plugins.ga4").joinpath("README.md").read_text(encoding="utf-8")


def test_the_hook_is_spelt_right_and_returns_the_platform() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(ga4)
    manager.check_pending()
    [platform] = manager.hook.register_platform()
    assert (platform.slug, platform.sdk_version) == ("ga4", SDK_VERSION)
    assert platform.capabilities() == ("pixel", "conversions", "health", "sandbox")
    assert platform.consent_purposes == ("marketing", "analytics")


@pytest.mark.parametrize(("value", "usual"), [("G-ABCDE12345", True), ("G-ABCD", False), ("G-" + "A" * 20, False)])
def test_measurement_ids_that_pass(value: str, usual: bool) -> None:
    info = FIELDS["measurement_id"]
    assert re.fullmatch(info.pattern, value)
    assert bool(re.fullmatch(info.usual, value)) is usual


@pytest.mark.parametrize(
    "value",
    ["", "UA-12345-1", "AW-123456789", "GTM-ABC123", "G-abcde12345", "G-ABC", "G-" + "A" * 21, "G-ABCDE12345\n"],
)
def test_measurement_ids_that_do_not(value: str) -> None:
    assert re.fullmatch(FIELDS["measurement_id"].pattern, value) is None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("order_completed", True),
        ("order_completed,add_to_cart", True),
        ("order_completed, event_view , add_to_cart", True),
        ("page_view", False),
        ("order_completed,", False),
        ("purchase", False),
    ],
)
def test_server_events_are_canonical_names_with_commas(text: str, fits: bool) -> None:
    assert bool(re.fullmatch(FIELDS["server_events"].pattern, text)) is fits


def test_settings_mark_one_public_id_and_one_secret() -> None:
    assert public_id_field(Ga4Settings) == "measurement_id"
    assert [name for name, info in FIELDS.items() if info.secret] == ["api_secret"]


def test_readme_names_every_setting_event_and_fault() -> None:
    platform = ga4.register_platform()
    assert platform.pixel is not None
    assert platform.sandbox is not None
    wanted = [
        *FIELDS,
        *platform.pixel.event_names,
        *platform.pixel.event_names.values(),
        *platform.sandbox.create().fault_kinds,
        *platform.capabilities(),
    ]
    assert [name for name in wanted if name not in README] == []
