"""Settings of one web stream: form, validation, masking and documentation come from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adrail import setting
from plugins.ga4.conversions import EVENT_NAMES

_NAME = f"({'|'.join(EVENT_NAMES)})"
_DEFAULT_EVENTS = ("order_completed",)


@dataclass(frozen=True, slots=True)
class Ga4Settings:
    """One web stream of a Google Analytics property, and what may be sent to it."""

    measurement_id: str = setting(
        label="Measurement ID",
        help="Google Analytics → Admin → Data streams → your web stream; it stands at the top and begins with G-.",
        pattern=r"^G-[A-Z0-9]{4,20}$",
        usual=r"^G-[A-Z0-9]{10}$",
        example="G-ABCDE12345",
        placeholder="G-XXXXXXXXXX",
        public_id=True,
    )
    api_secret: str = setting(
        label="Measurement Protocol API secret",
        help=(
            "Needed to send purchases from the server. Admin → Data streams → your web stream → Measurement Protocol "
            "API secrets → Create. Google never says whether it is right, so copy it whole."
        ),
        pattern=r"^[A-Za-z0-9_-]{8,100}$",
        usual=r"^[A-Za-z0-9_-]{22}$",
        secret=True,
        default="",
    )
    server_events: tuple[str, ...] = setting(
        label="Sent from the server",
        help=(
            "GA4 recognises a second copy of a purchase by its order number, and of nothing else. Whatever else you "
            "name here counts twice for visitors whose browser reports it, too. Names, separated by commas: "
            f"{', '.join(EVENT_NAMES)}."
        ),
        pattern=rf"^{_NAME}(\s*,\s*{_NAME})*$",
        example="order_completed",
        default=_DEFAULT_EVENTS,
    )
    user_provided_data: bool = setting(
        label="User-provided data",
        help=(
            "Also send hashed e-mail address and phone number of buyers who agreed to marketing. Switch on User-"
            "provided data collection in Google Analytics first (Admin → Data collection); that cannot be undone there."
        ),
        default=False,
    )
    debug_view: bool = setting(
        label="Show in DebugView",
        help=(
            "Marks the events of browser and server, so that they show in Admin → DebugView. They still count unless "
            "the property filters developer traffic, so switch this off after testing."
        ),
        default=False,
    )


@dataclass(frozen=True, slots=True)
class Options:
    """What a connection's settings mean to the sender; ``server_events`` are canonical names."""

    server_events: frozenset[str] = frozenset(_DEFAULT_EVENTS)
    user_provided_data: bool = False
    debug_view: bool = False


def options_of(settings: Mapping[str, Any]) -> Options:
    """Read stored settings; what is missing has its default, what is unknown is left alone."""
    named = settings.get("server_events", _DEFAULT_EVENTS)
    return Options(
        server_events=frozenset(part.strip() for entry in named for part in str(entry).split(",")),
        user_provided_data=settings.get("user_provided_data") is True,
        debug_view=settings.get("debug_view") is True,
    )
