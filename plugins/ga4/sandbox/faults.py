"""Faults in Google's own shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adrail.sandbox import SandboxRequest, SandboxResponse
from plugins.ga4.sandbox.messages import Message

Params = Mapping[str, Any]
PAGE = "<!DOCTYPE html><html lang=en><title>Error {status}</title><p>That's an error. That's all we know."
HTML = {"Content-Type": "text/html; charset=UTF-8"}


def _throttle(params: Params, request: SandboxRequest) -> SandboxResponse | None:
    if not request.path.startswith("/api/"):
        return None
    headers = {**HTML, "Retry-After": str(int(params.get("seconds", 30)))}
    return SandboxResponse(429, PAGE.format(status=429), headers, verdict="fault: throttle")


def _validation_message(params: Params, request: SandboxRequest) -> SandboxResponse | None:
    if not request.path.startswith("/api/debug/"):
        return None
    message = Message(
        str(params.get("field", "events[0].params.value")),
        "The value is not valid.",
        str(params.get("code", "VALUE_INVALID")),
    )
    return SandboxResponse(200, {"validationMessages": [message.as_json()]}, verdict="fault: validation_message")


FAULTS: Mapping[str, Callable[[Params, SandboxRequest], SandboxResponse | None]] = {
    "throttle": _throttle,
    "validation_message": _validation_message,
}
"""Kind → its answer; None where it does not concern the request."""
