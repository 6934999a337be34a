"""The emulator: which path means what, and what Google would count of what was received.

Like Google it answers the Measurement Protocol with 204 whatever comes; what it thought of a request stands in the
record. It counts a purchase once per stream, client and transaction id, and every other event as often as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, ClassVar

from adrail.sandbox import OPEN_TO_BROWSERS, PlatformSandbox, SandboxRequest, SandboxResponse
from plugins.ga4.sandbox import faults, rules
from plugins.ga4.sandbox.messages import Message

COLLECT_PATH = "/api/mp/collect"
VALIDATE_PATH = "/api/debug/mp/collect"
SCRIPT_PATH = "/script/gtag/js"
HIT_PATH = "/script/g/collect"
MEASUREMENT_ID = re.compile(r"G-[A-Z0-9]{4,20}")
NO_STORE = {**OPEN_TO_BROWSERS, "Cache-Control": "no-store"}
NOT_FOUND = SandboxResponse(404, "<!DOCTYPE html><html lang=en><title>Error 404</title>", faults.HTML)


class Ga4Sandbox(PlatformSandbox):
    """Measurement Protocol and validation server (`/api`), Google's tag and its hits (`/script`)."""

    slug: ClassVar[str] = "ga4"
    fault_kinds: ClassVar[tuple[str, ...]] = tuple(faults.FAULTS)
    secrets: ClassVar[frozenset[str]] = frozenset({"api_secret"})

    def __init__(self) -> None:
        self._purchases: set[tuple[str, str, str]] = set()

    def handle(self, request: SandboxRequest) -> SandboxResponse:
        """Answer as Google does."""
        if request.path == COLLECT_PATH and request.method == "POST":
            return self._collect(request)
        if request.path == VALIDATE_PATH and request.method == "POST":
            return _validate(request)
        if request.path == SCRIPT_PATH:
            return _script(request)
        return self._hit(request) if request.path == HIT_PATH else NOT_FOUND

    def fault(self, kind: str, params: Mapping[str, Any], request: SandboxRequest) -> SandboxResponse | None:
        """Play a fault on the API."""
        return faults.FAULTS[kind](params, request)

    def reset(self) -> None:
        """Forget which purchases were seen."""
        self._purchases.clear()

    def _collect(self, request: SandboxRequest) -> SandboxResponse:
        stream = request.query.get("measurement_id", "")
        problems = [*_check_address(request), *rules.check(request.body, request.received_at, strict=True)]
        if problems:
            first = f"{problems[0].path}: {problems[0].description}".removeprefix(": ")
            return SandboxResponse(
                204,
                verdict=f"rejected: {first} (Google answers 204 all the same)",
                notes={"messages": [problem.as_json() for problem in problems]},
            )
        body = rules.read(request.body)
        duplicates = sum(not self._first_time(stream, body["client_id"], event) for event in body["events"])
        return SandboxResponse(
            204, verdict="accepted", notes={"events": len(body["events"]), "duplicates": duplicates, "messages": []}
        )

    def _hit(self, request: SandboxRequest) -> SandboxResponse:
        query = request.query
        stream, name, client = query.get("tid", ""), query.get("en", ""), query.get("cid", "")
        if query.get("v") != "2" or not MEASUREMENT_ID.fullmatch(stream) or not (name and client):
            return SandboxResponse(204, headers=NO_STORE, verdict="rejected: a hit needs v=2, tid, cid and en")
        event = {"name": name, "params": {"transaction_id": query.get("ep.transaction_id")}}
        duplicate = not self._first_time(stream, client, event)
        return SandboxResponse(
            204,
            headers=NO_STORE,
            verdict="browser hit",
            notes={"duplicates": int(duplicate), "consent": query.get("gcs")},
        )

    def _first_time(self, stream: str, client: str, event: Mapping[str, Any]) -> bool:
        """Remember a purchase; GA4 recognises nothing else, and a purchase only of the same client."""
        transaction = event.get("params", {}).get("transaction_id")
        if event["name"] != "purchase" or not transaction:
            return True
        key = (stream, client, str(transaction))
        new = key not in self._purchases
        self._purchases.add(key)
        return new


def _check_address(request: SandboxRequest) -> list[Message]:
    problems = []
    if not MEASUREMENT_ID.fullmatch(request.query.get("measurement_id", "")):
        problems.append(Message("measurement_id", "There is no such stream."))
    if not request.query.get("api_secret"):
        problems.append(Message("api_secret", "The API secret is missing.", "VALUE_REQUIRED"))
    return problems


def _validate(request: SandboxRequest) -> SandboxResponse:
    """Answer like the validation server, which looks at the body only and counts nothing."""
    strict = rules.behaviour_of(request.body) == "ENFORCE_RECOMMENDATIONS"
    problems = rules.check(request.body, request.received_at, strict=strict)
    verdict = f"validated: {len(problems)} messages" if problems else "validated"
    return SandboxResponse(200, {"validationMessages": [problem.as_json() for problem in problems]}, verdict=verdict)


def _script(request: SandboxRequest) -> SandboxResponse:
    if not MEASUREMENT_ID.fullmatch(request.query.get("id", "")):
        return NOT_FOUND
    source = files("plugins.ga4.sandbox").joinpath("gtag.js").read_bytes()
    headers = {**NO_STORE, "Content-Type": "text/javascript; charset=utf-8"}
    return SandboxResponse(200, source, headers, verdict="script served")
