"""Serving one request without sockets: pick the emulator, play a fault, record the exchange."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from adrail.sandbox.faults import ArmedFault, FaultBook, seconds
from adrail.sandbox.messages import PlatformSandbox, SandboxRequest, SandboxResponse
from adrail.sandbox.records import RequestLog

log = logging.getLogger(__name__)

SLUG = re.compile(r"[a-z][a-z0-9_]*")

CANNED = {
    # Bodies that careless clients take for success: JSON without an error member, and no JSON at all.
    "http_500": SandboxResponse(500, {"status": "internal"}),
    "html_502": SandboxResponse(
        502,
        "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
        {"Content-Type": "text/html; charset=utf-8"},
    ),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes back: no response means that the connection is reset; ``hold`` seconds pass before the answer."""

    response: SandboxResponse | None
    hold: float = 0.0


class SandboxHost:
    """All emulators with their faults and records; safe to call from many threads."""

    def __init__(
        self, sandboxes: Sequence[PlatformSandbox], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.sandboxes = {sandbox.slug: sandbox for sandbox in sandboxes}
        if len(self.sandboxes) != len(sandboxes):
            raise ValueError(f"two sandboxes share a slug: {sorted(sandbox.slug for sandbox in sandboxes)}")
        if wrong := [slug for slug in self.sandboxes if not SLUG.fullmatch(slug)]:
            raise ValueError(f"{wrong[0]!r} is no slug: lower-case letters, digits and underscores, a letter first")
        self.now = clock
        self.log = RequestLog()
        self.faults = FaultBook({slug: sandbox.fault_kinds for slug, sandbox in self.sandboxes.items()})
        self.stopping = threading.Event()
        self._locks = {slug: threading.Lock() for slug in self.sandboxes}

    def serve(self, slug: str, request: SandboxRequest) -> Delivery:
        """Answer one request of a platform, and record it."""
        try:
            with self._locks[slug]:
                fault, response = self._pick_fault(slug, request)
        except Exception as error:
            log.exception("the sandbox of %s could not play a fault", slug)
            return Delivery(self._failed(slug, request, error))
        if fault is None:
            return Delivery(self._process(slug, request))
        if fault.kind == "reset":
            self.log.add(slug, request, None, "fault: reset")
            return Delivery(None)
        if fault.kind == "slow":
            self.stopping.wait(seconds(fault.params, 2.0))
            return Delivery(self._process(slug, request))
        if fault.kind == "timeout_after":
            return Delivery(self._process(slug, request), hold=seconds(fault.params, 30.0))
        response = response or CANNED[fault.kind]
        self.log.add(slug, request, response, f"fault: {fault.kind}")
        return Delivery(response)

    def _pick_fault(self, slug: str, request: SandboxRequest) -> tuple[ArmedFault | None, SandboxResponse | None]:
        sandbox = self.sandboxes[slug]
        for fault in self.faults.matching(slug, request.path):
            own = fault.kind in sandbox.fault_kinds
            response = sandbox.fault(fault.kind, fault.params, request) if own else None
            if own and response is None:
                continue  # meant for another request, says the platform
            self.faults.consume(fault)
            return fault, response
        return None, None

    def _process(self, slug: str, request: SandboxRequest) -> SandboxResponse:
        with self._locks[slug]:
            try:
                response = self.sandboxes[slug].handle(request)
            except Exception as error:
                log.exception("the sandbox of %s failed", slug)
                return self._failed(slug, request, error)
            self.log.add(slug, request, response, response.verdict_text())
        return response

    def _failed(self, slug: str, request: SandboxRequest, error: Exception) -> SandboxResponse:
        """Record a mistake of the emulator itself; the client sees what it would see of a broken platform."""
        verdict = f"sandbox error: {type(error).__name__}"
        response = SandboxResponse(500, f"{verdict}\n")
        self.log.add(slug, request, response, verdict)
        return response

    def reset(self) -> None:
        """Forget requests, faults and every platform's state."""
        self.faults.clear()
        for slug, sandbox in self.sandboxes.items():
            with self._locks[slug]:
                sandbox.reset()
        self.log.clear()
