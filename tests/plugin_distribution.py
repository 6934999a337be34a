"""Throwaway plugins: real distributions with real entry points, found as installed ones are."""

from __future__ import annotations

import importlib
import itertools
import sys
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from types import ModuleType

import pytest

from core.registry import GROUP, registry

_numbers = itertools.count(1)

PLATFORM = """
from dataclasses import dataclass

import adrail


@dataclass(frozen=True)
class Settings:
    account: str = adrail.setting(label="Account", example="acc-10", public_id=True)


class Health:
    def check(self, request):
        return adrail.HealthReport(True, "fine")


def platform(**changes):
    values = {"slug": "SLUG", "display_name": "Name", "sdk_version": "1", "settings": Settings, "health": Health()}
    return adrail.Platform(**{**values, **changes})
"""
REGISTERS = """
@adrail.hookimpl
def register_platform():
    return platform()
"""


class PluginFolder:
    """A folder that stands on the import path; each plugin in it is a distribution of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.modules: list[str] = []
        monkeypatch.syspath_prepend(str(folder))

    def add(self, code: str = REGISTERS, *, slug: str = "", version: str = "1.2", platform: str = PLATFORM) -> str:
        """Write a plugin; returns the name of its module, which is also its distribution's and its slug."""
        number = next(_numbers)
        name = f"throwaway{number}"
        package = self.folder / name
        package.mkdir()
        (package / "__init__.py").write_text(platform.replace("SLUG", slug or name) + code, "utf-8")
        self._describe(name, version, {name: name})
        importlib.invalidate_caches()
        self.modules.append(name)
        return name

    def _describe(self, name: str, version: str, points: dict[str, str]) -> None:
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
        lines = [f"{key} = {module}" for key, module in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]), "utf-8")

    def bundle(self, *names: str) -> None:
        """Describe plugins as parts of one distribution instead of one each."""
        for name in names:
            for info in self.folder.glob(f"{name}-*.dist-info"):
                (info / "entry_points.txt").unlink()
        self._describe(f"bundle{next(_numbers)}", "3.0", {name: name for name in names})
        importlib.invalidate_caches()

    def points(self) -> list[EntryPoint]:
        """The entry points of this folder's distributions only."""
        found = distributions(path=[str(self.folder)])
        return [point for dist in found for point in dist.entry_points if point.group == GROUP]

    def module(self, name: str) -> ModuleType:
        """A plugin's module, as the server imported it."""
        return sys.modules[name]

    def activate(self) -> None:
        """Let this process find the plugins, as a new process would."""
        registry.cache_clear()

    def forget(self) -> None:
        """Take the plugins away again."""
        registry.cache_clear()
        for name in self.modules:
            sys.modules.pop(name, None)
