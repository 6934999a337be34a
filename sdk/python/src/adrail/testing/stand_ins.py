"""Emulators that take the platform's place: one that answers nonsense, one that says more than it used to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from adrail.sandbox import PlatformSandbox, SandboxRequest, SandboxResponse

PAGE = "<html><head><title>Sorry</title></head><body><h1>Please try again later</h1></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}
NONSENSE: Mapping[str, SandboxResponse] = {
    "html_with_200": SandboxResponse(200, PAGE, HTML),
    "html_with_429": SandboxResponse(429, PAGE, {**HTML, "Retry-After": "120"}),
    "html_with_503": SandboxResponse(503, PAGE, {**HTML, "Retry-After": "120"}),
    "json_with_500": SandboxResponse(500, {"status": "internal"}),
    "empty_with_502": SandboxResponse(502),
    "redirect": SandboxResponse(302, b"", {"Location": "elsewhere"}),
}
"""Answers of proxies, load balancers and captive portals; none of them means that an event was taken."""

LATER_FIELDS = {"conformance_unknown": {"nested": [1, None, "x"]}, "conformance_flag": True}


class Parrot(PlatformSandbox):
    """Answers every request with the same thing."""

    slug: ClassVar[str] = "parrot"

    def __init__(self, slug: str, answer: SandboxResponse) -> None:
        self.slug = slug  # type: ignore[misc]  # it stands in for whichever platform is tried
        self.answer = answer

    def handle(self, request: SandboxRequest) -> SandboxResponse:  # noqa: ARG002
        """Return the answer."""
        return self.answer


class Chatterbox(PlatformSandbox):
    """The platform's own emulator, whose JSON answers hold fields that nobody has heard of yet."""

    slug: ClassVar[str] = "chatterbox"

    def __init__(self, emulator: PlatformSandbox) -> None:
        self.slug = emulator.slug  # type: ignore[misc]
        self.fault_kinds = emulator.fault_kinds  # type: ignore[misc]
        self.secrets = emulator.secrets  # type: ignore[misc]
        self.emulator = emulator

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Return the emulator's answer with more in it."""
        answer = self.emulator.handle(request)
        body: Any = answer.body
        if isinstance(body, bytes | str):
            try:
                body = json.loads(body)
            except ValueError:
                body = None
        fuller = {**body, **LATER_FIELDS} if isinstance(body, Mapping) else answer.body
        return replace(answer, body=fuller, headers={**answer.headers, "X-Conformance-Unknown": "1"})

    def decode(self, request: SandboxRequest) -> Any:
        """Return the body as the emulator reads it."""
        return self.emulator.decode(request)

    def reset(self) -> None:
        """Forget all state."""
        self.emulator.reset()
