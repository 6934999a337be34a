"""A platform whose health check fails in a way of its own and quotes what it should not."""

from __future__ import annotations

from dataclasses import dataclass

from adrail import HealthReport, HealthRequest, Platform, hookimpl, setting


@dataclass(frozen=True, slots=True)
class CarelessSettings:
    """An id and a token."""

    account: str = setting(label="Account", public_id=True)
    access_token: str = setting(label="Token", secret=True, default="")


class CarelessHealth:
    """Dies of something that is no adrail error."""

    def check(self, request: HealthRequest) -> HealthReport:
        raise ValueError(f"GET /me?access_token={request.credentials['access_token']} failed")


@hookimpl
def register_platform() -> Platform:
    """Return the platform."""
    return Platform(
        slug="careless", display_name="Careless", sdk_version="1", settings=CarelessSettings, health=CarelessHealth()
    )
