"""What passes between the sandbox host and a platform's emulator."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from adrail.sandbox.decoding import decode_body

OPEN_TO_BROWSERS: Mapping[str, str] = MappingProxyType(
    {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Timing-Allow-Origin": "*",
    }
)
"""Headers for answers that pages of other origins load: vendor scripts and browser hits."""


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """One request as the platform saw it.

    ``path`` starts with the endpoint's name (``/api/v1/events``). Header names are lower case; of a repeated header or
    query parameter the last value counts. ``received_at`` is the emulator's clock: judge age by it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class SandboxResponse:
    """An answer: ``body`` is bytes, text or anything JSON can carry.

    ``verdict`` says in a word or two what the emulator thought of the request; without one it follows the status.
    ``notes`` are facts worth recording beside it, for example how many duplicates it held.
    """

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)

    def payload(self) -> bytes:
        """Return the body as it goes over the wire."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False).encode()

    def content_type(self) -> str:
        """Return the declared content type, else one that fits the body."""
        for name, value in self.headers.items():
            if name.lower() == "content-type":
                return value
        if isinstance(self.body, bytes):
            return "application/octet-stream"
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json; charset=utf-8"

    def verdict_text(self) -> str:
        """Return the verdict, or what the status says."""
        return self.verdict or ("accepted" if self.status < 400 else f"rejected: HTTP {self.status}")


class PlatformSandbox(ABC):
    """Emulator of one platform. The host calls it for one request at a time, so plain attributes may hold its state.

    It must not import the plugin's builders: it speaks for the vendor's documents, not for our reading of them.
    """

    slug: ClassVar[str]
    """The platform's slug; everything below ``/{slug}/`` comes here."""

    fault_kinds: ClassVar[tuple[str, ...]] = ()
    """Fault kinds that `fault` answers in the platform's own shape, beside the generic ones."""

    secrets: ClassVar[frozenset[str]] = frozenset()
    """Names of query parameters, headers and body fields (lower case) whose values are masked when recorded."""

    @abstractmethod
    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Answer as strictly as the platform's documents demand."""

    def fault(self, kind: str, params: Mapping[str, Any], request: SandboxRequest) -> SandboxResponse | None:
        """Answer with a fault of this platform; None when it does not concern this request and stays armed."""
        raise NotImplementedError(f"{self.slug} declares no way to play the fault {kind!r} for {request.path} {params}")

    def decode(self, request: SandboxRequest) -> Any:
        """Return the body in readable form, for the record."""
        return decode_body(request.body, request.headers.get("content-type", ""))

    def reset(self) -> None:  # noqa: B027 - an emulator without state has nothing to forget
        """Forget all state."""
