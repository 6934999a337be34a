"""The emulator of the toy platform."""

from __future__ import annotations

from adrail.sandbox import PlatformSandbox
from tests.sdk.python.testing.toy.sandbox.emulator import ToySandbox


class ToySandboxProvider:
    """Makes the emulator."""

    def create(self) -> PlatformSandbox:
        """Return a fresh one."""
        return ToySandbox()
