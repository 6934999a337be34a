"""The platform object and its documentation."""

from __future__ import annotations

import re
from importlib.resources import files

import pluggy
import pytest

from adrail import SDK_VERSION, hookspecs
from adrail.settings import public_id_field, setting_fields
from plugins import meta
from plugins.meta.settings import MetaSettings

PIXEL_ID = next(info for _, info in setting_fields(MetaSettings) if info.public_id)
README = files("plugins.meta").joinpath("README.md").read_text(encoding="utf-8")


def test_the_hook_is_spelt_right_and_returns_the_platform() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(meta)
    manager.check_pending()
    [platform] = manager.hook.register_platform()
    assert (platform.slug, platform.sdk_version) == ("meta", SDK_VERSION)
    assert platform.capabilities() == ("pixel", "conversions", "health", "sandbox")
    assert set(platform.endpoints) == {"api", "script"}


@pytest.mark.parametrize(("value", "hard", "usual"), [("123456789012345", True, True), ("12345", True, False)])
def test_pixel_ids_that_pass(value: str, hard: bool, usual: bool) -> None:
    assert bool(re.fullmatch(PIXEL_ID.pattern, value)) is hard
    assert bool(re.fullmatch(PIXEL_ID.usual, value)) is usual


@pytest.mark.parametrize(
    "value", ["1234", "12345678901234567890123", "12345a", "<script>", "\uff11\uff12\uff13\uff14\uff15", "12345\n"]
)
def test_pixel_ids_that_do_not(value: str) -> None:
    assert re.fullmatch(PIXEL_ID.pattern, value) is None


def test_settings_mark_one_public_id_and_one_secret() -> None:
    assert public_id_field(MetaSettings) == "pixel_id"
    assert [field.name for field, info in setting_fields(MetaSettings) if info.secret] == ["access_token"]


def test_readme_names_every_setting_event_and_fault() -> None:
    platform = meta.register_platform()
    assert platform.pixel is not None
    assert platform.sandbox is not None
    names = [field.name for field, _ in setting_fields(MetaSettings)]
    wanted = [*names, *platform.pixel.event_names, *platform.sandbox.create().fault_kinds, *platform.capabilities()]
    assert [name for name in wanted if name not in README] == []
