"""Public Python API of adrail: for plugins, which import from here and nowhere else, and for backends that send."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from adrail.conversions import (
    Accepted,
    Auth,
    ConnectionRef,
    ConsentReceipt,
    Conversion,
    ConversionLimits,
    Ignored,
    Invalid,
    Item,
    Outcome,
    Retry,
    SendRequest,
    Submitted,
    Throttled,
    UserData,
)
from adrail.errors import (
    AdrailError,
    AuthError,
    InvalidPayloadError,
    NotSupportedError,
    RetryableError,
    SignatureError,
    ThrottledError,
)
from adrail.hookspecs import hookimpl
from adrail.identifiers import Credentials, HashedIdentifier, RawIdentifier
from adrail.payments import (
    PaymentKind,
    PaymentNotice,
    PaymentProvider,
    PaymentWebhooks,
    SigningSecrets,
    UnusedNotice,
    WebhookRequest,
)
from adrail.platform import (
    SDK_VERSION,
    ConversionSender,
    CspSources,
    HealthCheck,
    HealthReport,
    HealthRequest,
    PixelProvider,
    Platform,
    SandboxProvider,
)
from adrail.settings import setting
from adrail.transport import Transport
from adrail.words import Phrase, phrase

if TYPE_CHECKING:
    from adrail.client import AsyncClient as AsyncClient
    from adrail.client import Client as Client
    from adrail.client import Consent as Consent
    from adrail.client import Event as Event

__all__ = [
    "SDK_VERSION",
    "Accepted",
    "AdrailError",
    "Auth",
    "AuthError",
    "ConnectionRef",
    "ConsentReceipt",
    "Conversion",
    "ConversionLimits",
    "ConversionSender",
    "Credentials",
    "CspSources",
    "HashedIdentifier",
    "HealthCheck",
    "HealthReport",
    "HealthRequest",
    "Ignored",
    "Invalid",
    "InvalidPayloadError",
    "Item",
    "NotSupportedError",
    "Outcome",
    "PaymentKind",
    "PaymentNotice",
    "PaymentProvider",
    "PaymentWebhooks",
    "Phrase",
    "PixelProvider",
    "Platform",
    "RawIdentifier",
    "Retry",
    "RetryableError",
    "SandboxProvider",
    "SendRequest",
    "SignatureError",
    "SigningSecrets",
    "Submitted",
    "Throttled",
    "ThrottledError",
    "Transport",
    "UnusedNotice",
    "UserData",
    "WebhookRequest",
    "hookimpl",
    "phrase",
    "setting",
]

_CLIENT = frozenset({"AsyncClient", "Client", "Consent", "Event"})


def __getattr__(name: str) -> Any:
    # The client needs an HTTP library, which plugins need not install.
    if name not in _CLIENT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module("adrail.client"), name)
    except ModuleNotFoundError as exc:
        raise ImportError(f'adrail.{name} needs {exc.name}: pip install "adrail[client]"') from exc
