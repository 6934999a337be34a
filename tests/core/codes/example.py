"""A platform with every kind of settings field, for tests of what core derives from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from adrail import CspSources, Platform, Transport, setting


@dataclass(frozen=True, slots=True)
class ExampleSettings:
    """One field of every type."""

    container_id: str = setting(
        label="Container ID",
        pattern=r"^EX-[A-Z0-9]{4,8}$",
        usual=r"^EX-[A-Z0-9]{6}$",
        example="EX-AB12CD",
        public_id=True,
    )
    token: str = setting(label="Token", pattern=r"^[a-z0-9]{8,64}$", secret=True)
    label: str = setting(label="Label", pattern=r"^[A-Za-z ]+$", default="")
    window_days: int = setting(label="Window in days", pattern=r"^\d{1,2}$", default=30)
    factor: Decimal = setting(label="Value factor", default=Decimal("1.0"))  # noqa: RUF009 - frozen and immutable
    domains: tuple[str, ...] = setting(label="Domains", pattern=r"^[a-z.]+$", default=())
    enhanced: bool = setting(label="Enhanced", default=True)


class ExamplePixel:
    """A browser side without a browser."""

    event_names: Mapping[str, str] = {"page_view": "pv", "order_completed": "sale"}
    adapter = "window.adrail.registerPixel('example', () => ({}));"
    csp = CspSources()

    def script_url(self, settings: ExampleSettings, transport: Transport) -> str:
        return f"{transport.url('script')}/{settings.container_id}.js"

    def public_settings(self, settings: ExampleSettings) -> Mapping[str, str | int | bool]:
        return {"enhanced": settings.enhanced, "window_days": settings.window_days}


EXAMPLE = Platform(
    slug="example",
    display_name="Example",
    sdk_version="1",
    settings=ExampleSettings,
    endpoints={"script": "https://cdn.example.com"},
    consent_purposes=("marketing", "analytics"),
    pixel=ExamplePixel(),
)
