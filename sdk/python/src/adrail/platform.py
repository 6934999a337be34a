"""What a platform is and can do: one frozen object with optional typed capabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from adrail.conversions import ConnectionRef, ConversionLimits, Outcome, SendRequest
from adrail.identifiers import Credentials
from adrail.transport import Transport

if TYPE_CHECKING:
    from adrail.sandbox import PlatformSandbox

SDK_VERSION = "1"
"""Major version of this API; a plugin states the one it was written for."""


@dataclass(frozen=True, slots=True)
class CspSources:
    """Hosts that a page's Content-Security-Policy must allow for the browser pixel."""

    script: tuple[str, ...] = ()
    img: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()


class PixelProvider(Protocol):
    """Browser side: names, vendor script and the adapter that drives it.

    ``event_names`` maps canonical events to the platform's names; a canonical event missing here never fires.
    ``adapter`` is the JavaScript text served first-party to the browser SDK (contract: browser SDK README).
    """

    @property
    def event_names(self) -> Mapping[str, str]: ...
    @property
    def adapter(self) -> str: ...
    @property
    def csp(self) -> CspSources: ...
    def script_url(self, settings: Any, transport: Transport) -> str:
        """Return the vendor script's URL for these settings."""
        ...

    def public_settings(self, settings: Any) -> Mapping[str, str | int | bool]:
        """Return what the browser may know of the settings: never a secret, never a person."""
        ...


class ConversionSender(Protocol):
    """Server side: one call, one outcome per item, in order."""

    @property
    def limits(self) -> ConversionLimits: ...
    @property
    def event_names(self) -> Mapping[str, str]:
        """Canonical events this platform takes from a server, with its own names."""
        ...

    def send(self, request: SendRequest) -> Sequence[Outcome]:
        """Send; raises `adrail.errors` for what concerns the whole call."""
        ...

    def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
        """Return each item's payload as it would be sent, for the delivery page; the caller masks identifiers."""
        ...


@dataclass(frozen=True, slots=True)
class HealthRequest:
    """Ask whether these credentials can send to this destination."""

    connection: ConnectionRef
    credentials: Credentials
    destination_id: str
    transport: Transport


@dataclass(frozen=True, slots=True)
class HealthReport:
    """``ok``, or what is wrong and what the person should do, both in plain words."""

    ok: bool
    summary: str
    remedy: str = ""
    code: str = ""


class HealthCheck(Protocol):
    """Ask the platform about a connection without sending data about people."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Return what the platform says; raises `adrail.errors`: of these, dead credentials pause the connection."""
        ...


class SandboxProvider(Protocol):
    """Make the local emulator of this platform."""

    def create(self) -> PlatformSandbox: ...


@dataclass(frozen=True, slots=True)
class Platform:
    """One ad platform as adrail knows it.

    ``slug`` is ``[a-z][a-z0-9_]*``. ``sdk_version`` is the `SDK_VERSION` it was written for. ``settings`` is a frozen
    dataclass made of `adrail.setting` fields. ``endpoints`` maps endpoint names to the vendor's base URLs; only these
    hosts are ever called. ``badge`` is the one or two letters lists show beside the name. ``explain`` maps an error
    code of the platform to (what happened and what it means, what to do), in plain words. ``consent_purposes`` are the
    purposes an organiser may choose from for its codes, the default first: ``marketing``, ``analytics``.
    """

    slug: str
    display_name: str
    sdk_version: str
    settings: type[Any]
    endpoints: Mapping[str, str] = field(default_factory=dict)
    badge: str = ""
    explain: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    consent_purposes: tuple[str, ...] = ("marketing",)
    pixel: PixelProvider | None = None
    conversions: ConversionSender | None = None
    health: HealthCheck | None = None
    sandbox: SandboxProvider | None = None

    def capabilities(self) -> tuple[str, ...]:
        """Return the names of the capabilities this platform has."""
        return tuple(name for name in CAPABILITIES if getattr(self, name) is not None)


CAPABILITIES = ("pixel", "conversions", "health", "sandbox")
