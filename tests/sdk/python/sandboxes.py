"""Small platforms to serve, and a client that talks to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import requests

from adrail.sandbox import PlatformSandbox, SandboxRequest, SandboxResponse, SandboxServer

NOW = datetime(2026, 11, 20, 16, 3, 11, tzinfo=UTC)


class Counter(PlatformSandbox):
    """Counts what it handled; plays one fault of its own, `busy`, on paths that end so."""

    slug: ClassVar[str] = "counter"
    fault_kinds: ClassVar[tuple[str, ...]] = ("busy", "broken")
    secrets: ClassVar[frozenset[str]] = frozenset({"x-key"})

    def __init__(self) -> None:
        self.handled = 0

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Answer with the number of requests so far."""
        if request.path == "/api/crash":
            raise ZeroDivisionError("a mistake in the emulator")
        if request.path == "/api/refuse":
            return SandboxResponse(422, {"error": "no"})
        self.handled += 1
        return SandboxResponse(200, {"handled": self.handled}, {"X-Emulator": "counter"})

    def fault(self, kind: str, params: Mapping[str, Any], request: SandboxRequest) -> SandboxResponse | None:
        """Play `busy`."""
        if kind == "broken":
            raise ZeroDivisionError("a mistake in the fault")
        return SandboxResponse(429, {"busy": params.get("why")}) if request.path.endswith("/busy") else None

    def reset(self) -> None:
        """Start at nought."""
        self.handled = 0


class Plain(PlatformSandbox):
    """Knows nothing but yes."""

    slug: ClassVar[str] = "plain"

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Say yes to the path."""
        return SandboxResponse(200, f"yes {request.path}", verdict="greeted")


class Client:
    """Talks to a running server over one kept-alive connection."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send one request."""
        return self.http.request(method, self.server.url + path, timeout=kwargs.pop("timeout", 5), **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """Get."""
        return self.call("GET", path, **kwargs)

    def arm(self, kind: str, platform: str = "counter", **wish: Any) -> requests.Response:
        """Arm a fault."""
        return self.call("POST", "/_sandbox/faults", json={"platform": platform, "kind": kind, **wish})

    def received(self, **query: Any) -> list[dict[str, Any]]:
        """Return records."""
        items: list[dict[str, Any]] = self.get("/_sandbox/requests", params=query).json()["items"]
        return items
