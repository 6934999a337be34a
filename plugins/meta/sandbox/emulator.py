"""The emulator: which path means what, who may call, and what was received."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, ClassVar
from urllib.parse import parse_qs

from adrail.sandbox import OPEN_TO_BROWSERS, PlatformSandbox, SandboxRequest, SandboxResponse
from plugins.meta.sandbox import faults, rules
from plugins.meta.sandbox.graph import GraphError, trace_id, usage_headers

NODE = re.compile(r"/api/v(?P<version>[0-9]{1,2})[.][0-9]/(?P<pixel>[^/]+)(?P<edge>/events)?/?")
PIXEL_ID = re.compile(r"[0-9]{5,20}")
TOKEN = re.compile(r"[A-Za-z0-9_|-]{16,}")
OLDEST_VERSION = 22
MAX_EVENTS = 1000
TEST_CODE = re.compile(r"\w[\w-]{0,39}")

SCRIPT_PATH = "/script/en_US/fbevents.js"
HIT_PATH = "/script/tr"
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


class MetaSandbox(PlatformSandbox):
    """Graph API (`/api`) and browser script (`/script`) of Meta."""

    slug: ClassVar[str] = "meta"
    fault_kinds: ClassVar[tuple[str, ...]] = tuple(faults.FAULTS)
    secrets: ClassVar[frozenset[str]] = frozenset({"access_token", "appsecret_proof", "authorization"})

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()
        self._calls = 0

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Answer like the Graph API, or serve the browser script and take its hits."""
        if request.path in (SCRIPT_PATH, HIT_PATH, f"{HIT_PATH}/"):
            return self._script() if request.path == SCRIPT_PATH else self._hit(request)
        self._calls += 1
        try:
            return self._graph(request)
        except GraphError as error:
            return error.response(usage_headers(self._usage()))

    def fault(self, kind: str, params: Mapping[str, Any], request: SandboxRequest) -> SandboxResponse | None:
        """Play a fault on Graph API calls."""
        return faults.play(kind, params, request, _token(request))

    def decode(self, request: SandboxRequest) -> Any:
        """Return the body with ``data`` parsed, whichever of the two accepted forms it came in."""
        body = _parameters(request)
        if "data" in body:
            body["data"] = _events(body["data"])
        return body or None

    def reset(self) -> None:
        """Forget which events were seen."""
        self._seen.clear()
        self._calls = 0

    def _graph(self, request: SandboxRequest) -> SandboxResponse:
        node = NODE.fullmatch(request.path)
        if node is None:
            raise GraphError(2500, "Unknown path components", type="GraphMethodException")
        _check_token(_token(request))
        if int(node["version"]) < OLDEST_VERSION:
            raise GraphError(2635, "(#2635) You are calling a deprecated version of the Ads API")
        if not PIXEL_ID.fullmatch(node["pixel"]):
            raise GraphError(100, "Unsupported request: no such object", subcode=33, type="GraphMethodException")
        if request.method == "POST" and node["edge"]:
            return self._take_events(node["pixel"], request)
        if request.method == "GET" and not node["edge"]:
            return self._ok({"id": node["pixel"], "name": f"Sandbox pixel {node['pixel'][-4:]}"})
        raise GraphError(100, f"Unsupported {request.method.lower()} request", type="GraphMethodException")

    def _take_events(self, pixel: str, request: SandboxRequest) -> SandboxResponse:
        parameters = _parameters(request)
        test_code = parameters.get("test_event_code")
        if test_code is not None and not TEST_CODE.fullmatch(str(test_code)):
            raise GraphError(100, "(#100) Param test_event_code is malformed", field="test_event_code")
        if len(str(parameters.get("partner_agent", ""))) > 22:
            raise GraphError(100, "(#100) Param partner_agent is too long", field="partner_agent")
        events = _events(parameters.get("data"))
        if not isinstance(events, list) or not events:
            raise GraphError(100, "(#100) The parameter data is required", field="data")
        if len(events) > MAX_EVENTS:
            raise GraphError(100, f"(#100) Too many events: {len(events)}, at most {MAX_EVENTS}", field="data")
        rules.check_events(events, request.received_at)
        duplicates = sum(not self._first_time(pixel, event) for event in events)
        body = {"events_received": len(events), "messages": [], "fbtrace_id": trace_id()}
        return self._ok(body, {"events": len(events), "duplicates": duplicates, "test": test_code is not None})

    def _first_time(self, pixel: str, event: Mapping[str, Any]) -> bool:
        """Remember an event by what Meta deduplicates on; one without id is always new."""
        key = (pixel, str(event["event_name"]), str(event.get("event_id") or trace_id()))
        new = key not in self._seen
        self._seen.add(key)
        return new

    def _hit(self, request: SandboxRequest) -> SandboxResponse:
        pixel, name = request.query.get("id", ""), request.query.get("ev", "")
        headers = {**OPEN_TO_BROWSERS, "Content-Type": "image/gif", "Cache-Control": "no-store"}
        if not PIXEL_ID.fullmatch(pixel) or not name:
            return SandboxResponse(400, GIF, headers, verdict="rejected: a browser hit needs id and ev")
        duplicate = not self._first_time(pixel, {"event_name": name, "event_id": request.query.get("eid")})
        return SandboxResponse(200, GIF, headers, verdict="browser hit", notes={"duplicates": int(duplicate)})

    def _script(self) -> SandboxResponse:
        source = files("plugins.meta.sandbox").joinpath("fbevents.js").read_bytes()
        headers = {**OPEN_TO_BROWSERS, "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-store"}
        return SandboxResponse(200, source, headers, verdict="script served")

    def _ok(self, body: Mapping[str, Any], notes: Mapping[str, Any] | None = None) -> SandboxResponse:
        return SandboxResponse(200, body, usage_headers(self._usage()), verdict="accepted", notes=notes or {})

    def _usage(self) -> int:
        return min(self._calls // 100, 99)


def _check_token(token: str) -> None:
    if not token:
        raise GraphError(190, "An access token is required to request this resource.", status=401)
    if not TOKEN.fullmatch(token):
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)


def _token(request: SandboxRequest) -> str:
    """Return the token from the query, the header or the body, in this order."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    in_header = bearer.strip() if scheme.lower() in ("bearer", "oauth") else ""
    return request.query.get("access_token") or in_header or str(_parameters(request).get("access_token", ""))


def _parameters(request: SandboxRequest) -> dict[str, Any]:
    """Return the body's parameters, from a form or from JSON."""
    text = request.body.decode("utf-8", errors="replace")
    if request.headers.get("content-type", "").startswith("application/json"):
        parsed = _json(text)
        return dict(parsed) if isinstance(parsed, dict) else {}
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _events(data: Any) -> Any:
    """Return the list behind ``data``: a list or its JSON text, of objects or of their JSON texts."""
    parsed = _json(data) if isinstance(data, str) else data
    return [_json(item) if isinstance(item, str) else item for item in parsed] if isinstance(parsed, list) else parsed


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
