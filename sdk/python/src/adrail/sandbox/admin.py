"""The sandbox's own endpoints below ``/_sandbox`` and its front page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from adrail.sandbox.decoding import redact
from adrail.sandbox.faults import FaultError
from adrail.sandbox.host import SandboxHost
from adrail.sandbox.messages import SandboxRequest, SandboxResponse
from adrail.sandbox.page import render
from adrail.sandbox.records import Record

Answer = Callable[[SandboxHost, SandboxRequest], SandboxResponse]


class _BadQueryError(ValueError):
    """A query parameter cannot be read."""


def answer_admin(host: SandboxHost, request: SandboxRequest) -> SandboxResponse:
    """Answer a request that is for no platform."""
    methods = ROUTES.get(request.path)
    if methods is None:
        served = ", ".join(f"/{slug}/" for slug in sorted(host.sandboxes))
        return _problem(404, f"nothing at {request.path}; platforms: {served}; own pages: {', '.join(sorted(ROUTES))}")
    answer = methods.get(request.method)
    if answer is None:
        return _problem(405, f"{request.path} takes {', '.join(sorted(methods))}", {"Allow": ", ".join(methods)})
    try:
        return answer(host, request)
    except (FaultError, _BadQueryError) as error:
        return _problem(400, str(error))


def as_item(host: SandboxHost, record: Record) -> dict[str, Any]:
    """Return one record as the list of requests shows it, secrets masked."""
    sandbox, request = host.sandboxes[record.platform], record.request
    body = sandbox.decode(request)
    return {
        "id": record.id,
        "platform": record.platform,
        "method": request.method,
        "path": f"/{record.platform}{request.path}",
        "query": redact(request.query, sandbox.secrets),
        "headers": redact(request.headers, sandbox.secrets),
        "body": redact(body, sandbox.secrets) if isinstance(body, Mapping) else body,
        "verdict": record.verdict,
        "status": record.response.status if record.response else None,
        "notes": dict(record.response.notes) if record.response else {},
        "received_at": request.received_at.isoformat(),
    }


def _requests(host: SandboxHost, request: SandboxRequest) -> SandboxResponse:
    platform = request.query.get("platform", "")
    if platform and platform not in host.sandboxes:
        raise _BadQueryError(f"unknown platform {platform!r}; served here: {', '.join(sorted(host.sandboxes))}")
    limit = request.query.get("limit")
    if limit is not None and not limit.isdecimal():
        raise _BadQueryError("limit must be a whole number")
    records = host.log.select(platform, _since(request.query.get("since", "0")), int(limit) if limit else None)
    return SandboxResponse(200, {"items": [as_item(host, record) for record in records]})


def _since(text: str) -> int | datetime:
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # an unescaped + of a zone arrives as a space
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _BadQueryError("since must be the id of a request or an RFC 3339 time with zone")
    return moment


def _list_faults(host: SandboxHost, _request: SandboxRequest) -> SandboxResponse:
    return SandboxResponse(200, {"items": host.faults.items()})


def _arm_fault(host: SandboxHost, request: SandboxRequest) -> SandboxResponse:
    try:
        wish = json.loads(request.body)
    except ValueError as error:
        raise FaultError("the body must be JSON") from error
    return SandboxResponse(201, host.faults.arm(wish).as_item())


def _disarm(host: SandboxHost, _request: SandboxRequest) -> SandboxResponse:
    host.faults.clear()
    return SandboxResponse(204)


def _reset(host: SandboxHost, _request: SandboxRequest) -> SandboxResponse:
    host.reset()
    return SandboxResponse(204)


def _health(host: SandboxHost, _request: SandboxRequest) -> SandboxResponse:
    return SandboxResponse(200, {"status": "ok", "platforms": sorted(host.sandboxes)})


def _front_page(host: SandboxHost, _request: SandboxRequest) -> SandboxResponse:
    items = [as_item(host, record) for record in host.log.select(limit=30)]
    html = render(sorted(host.sandboxes), host.log.totals(), host.faults.items(), items[::-1])
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
    return SandboxResponse(200, html, headers)


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> SandboxResponse:
    return SandboxResponse(status, {"status": status, "detail": detail}, headers or {})


ROUTES: Mapping[str, Mapping[str, Answer]] = {
    "/": {"GET": _front_page},
    "/_sandbox/health": {"GET": _health},
    "/_sandbox/requests": {"GET": _requests},
    "/_sandbox/faults": {"GET": _list_faults, "POST": _arm_fault, "DELETE": _disarm},
    "/_sandbox/reset": {"POST": _reset},
}
