"""Hook specifications: who is there, and something happened. «You, do this» goes through typed capabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

from adrail.payments import PaymentProvider
from adrail.platform import Platform

if TYPE_CHECKING:
    from adrail.conversions import Outcome

PROJECT = "adrail"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class DeliveryFinished:
    """A delivery reached its final state (``accepted``, ``ignored`` or ``dead``)."""

    tenant_id: int
    delivery_id: int
    platform: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """A connection changed its state (``active``, ``needs_reconnect``, ``paused``)."""

    tenant_id: int
    connection_id: int
    platform: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One more entry in the web UI's navigation: ``section`` is a heading, ``endpoint`` a path on this server."""

    label: str
    path: str
    section: str = ""


@hookspec
def register_platform() -> Platform:  # type: ignore[empty-body]
    """Return the platform this plugin brings."""


@hookspec
def register_payment_provider() -> PaymentProvider:  # type: ignore[empty-body]
    """Return the payment provider this plugin brings."""


@hookspec
def startup(processes: Sequence[str]) -> None:
    """Called once in every server process after settings are valid; ``processes`` names its roles."""


@hookspec
def enrich_event(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return context fields to add to an accepted event before it is stored, or None."""


@hookspec
def delivery_finished(event: DeliveryFinished, outcome: Outcome | None) -> None:
    """Called after a delivery's final state is committed."""


@hookspec
def connection_changed(event: ConnectionChanged) -> None:
    """Called after a connection's new state is committed."""


@hookspec
def navigation_items() -> Sequence[NavigationItem]:  # type: ignore[empty-body]
    """Return entries for the web UI's navigation."""


@hookspec
def register_commands() -> Sequence[Any]:  # type: ignore[empty-body]
    """Return click commands to add to the `adrail` command line."""
