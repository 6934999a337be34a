"""Local emulator of GA4: Measurement Protocol, its validation server, and a stand-in for Google's tag."""

from __future__ import annotations

from adrail.sandbox import PlatformSandbox


class Ga4SandboxProvider:
    """Makes the emulator; its code is loaded only where a sandbox runs."""

    def create(self) -> PlatformSandbox:
        """Return a fresh emulator without state."""
        from plugins.ga4.sandbox.emulator import Ga4Sandbox  # noqa: PLC0415

        return Ga4Sandbox()
