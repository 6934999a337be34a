"""Faults in Meta's own shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adrail.sandbox import SandboxRequest, SandboxResponse
from plugins.meta.sandbox.graph import GraphError, usage_headers

Params = Mapping[str, Any]


def _throttle(params: Params) -> SandboxResponse:
    minutes = int(params.get("minutes", 0))
    error = GraphError(int(params.get("code", 4)), "(#4) Application request limit reached", transient=True)
    return error.response(usage_headers(100, minutes) if minutes else {})


def _expired_token(_params: Params) -> SandboxResponse:
    return GraphError(190, "Error validating access token: Session has expired", status=401, subcode=463).response()


def _revoked_token(_params: Params) -> SandboxResponse:
    return GraphError(190, "The session is invalid", status=401, subcode=467).response()


def _permission(_params: Params) -> SandboxResponse:
    return GraphError(200, "(#200) Permissions error", status=403).response()


def _transient(_params: Params) -> SandboxResponse:
    return GraphError(2, "Service temporarily unavailable", status=503, transient=True).response()


def _invalid_event(params: Params) -> SandboxResponse:
    field = f"data[{int(params.get('index', 0))}].{params.get('field', 'custom_data.currency')}"
    return GraphError(
        100,
        "Invalid parameter",
        title="Invalid event",
        user_message="An event of the request is invalid",
        field=field if params.get("blame", True) else "",
    ).response()


def _version_gone(_params: Params) -> SandboxResponse:
    return GraphError(2635, "(#2635) You are calling a deprecated version of the Ads API").response()


FAULTS: Mapping[str, Callable[[Params], SandboxResponse]] = {
    "throttle": _throttle,
    "expired_token": _expired_token,
    "revoked_token": _revoked_token,
    "permission": _permission,
    "transient": _transient,
    "invalid_event": _invalid_event,
    "version_gone": _version_gone,
}


def play(kind: str, params: Params, request: SandboxRequest, token: str) -> SandboxResponse | None:
    """Return the fault's answer; None for browser traffic and for tokens other than ``params.token_suffix``."""
    if not request.path.startswith("/api/") or not token.endswith(str(params.get("token_suffix", ""))):
        return None
    return FAULTS[kind](params)
