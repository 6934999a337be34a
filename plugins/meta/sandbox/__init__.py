"""Local emulator of Meta: the Graph API's events edge, and a stand-in for its browser script."""

from __future__ import annotations

from adrail.sandbox import PlatformSandbox


class MetaSandboxProvider:
    """Makes the emulator; its code is loaded only where a sandbox runs."""

    def create(self) -> PlatformSandbox:
        """Return a fresh emulator without state."""
        from plugins.meta.sandbox.emulator import MetaSandbox  # noqa: PLC0415

        return MetaSandbox()
