"""What the documents of the toy platform would say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from adrail.sandbox import OPEN_TO_BROWSERS, PlatformSandbox, SandboxRequest, SandboxResponse

SCRIPT = SandboxResponse(200, "window.toy = {};", {**OPEN_TO_BROWSERS, "Content-Type": "text/javascript"})


class ToySandbox(PlatformSandbox):
    """Knows an event by its id."""

    slug: ClassVar[str] = "toy"
    fault_kinds: ClassVar[tuple[str, ...]] = ("throttle", "expired_token", "invalid_event")
    secrets: ClassVar[frozenset[str]] = frozenset({"x-token"})

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Take events, serve the script."""
        if request.path == "/script/toy.js":
            return SCRIPT
        if (request.method, request.path) != ("POST", "/api/events"):
            return SandboxResponse(404, {})
        if not request.headers.get("x-token"):
            return SandboxResponse(401, {})
        return self._take(json.loads(request.body)["events"], [])

    def fault(self, kind: str, params: Mapping[str, Any], request: SandboxRequest) -> SandboxResponse:
        """Play a bad day."""
        if kind == "throttle":
            return SandboxResponse(429, {}, {"Retry-After": str(params.get("seconds", 60))})
        if kind == "expired_token":
            return SandboxResponse(401, {})
        return self._take(json.loads(request.body)["events"], [params.get("index", 0)])

    def reset(self) -> None:
        """Forget every event."""
        self._seen.clear()

    def _take(self, events: list[dict[str, Any]], refused: list[int]) -> SandboxResponse:
        ids = [event["id"] for place, event in enumerate(events) if place not in refused]
        known = len(self._seen)
        self._seen.update(ids)
        notes = {"events": len(ids), "duplicates": known + len(ids) - len(self._seen)}
        return SandboxResponse(200, {"refused": refused}, notes=notes)
