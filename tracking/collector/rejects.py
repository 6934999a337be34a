"""Refused events: what the sender is told, and what is kept, sealed, so that it can be looked at and repaired."""

from __future__ import annotations

import re
from typing import Any

import orjson

from core.security.crypto import keyring
from tracking.registry.check import Verdict

# Deeper than any valid event, shallower than the serialiser's own limit.
KEPT_DEPTH = 32
ID_LENGTH = 64
NAME = re.compile(r"[a-z][a-z0-9_.]{0,99}")
PLAIN = re.compile(r"[A-Za-z0-9_.~-]{1,64}")


def told(index: int, event: Any, verdict: Verdict) -> dict[str, Any]:
    """The answer's entry for a refused event."""
    event_id = event.get("event_id") if isinstance(event, dict) else None
    return {
        "index": index,
        "event_id": event_id[:ID_LENGTH] if isinstance(event_id, str) else None,
        "code": verdict.code,
        "errors": verdict.problems,
    }


def kept(event: Any, verdict: Verdict) -> dict[str, Any]:
    """What is stored of a refused event. All that may be personal is in the sealed part only."""
    name = event.get("event_name") if isinstance(event, dict) else None
    return {
        "event_name": name if isinstance(name, str) and NAME.fullmatch(name) else None,
        "code": verdict.code,
        "problems": [
            {"pointer": _plain(item["pointer"]), "rule": item["rule"], "message": item["message"]}
            for item in verdict.problems
        ],
        "sealed": seal(event),
    }


def seal(event: Any) -> str:
    """An event encrypted, as hexadecimal text; what lies deeper than any valid event is cut."""
    try:
        body = orjson.dumps(event)
    except orjson.JSONEncodeError:
        body = orjson.dumps(_cut(event, KEPT_DEPTH))
    return keyring().seal(body, "reject").hex()


def _cut(value: Any, left: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if left == 0:
        return "…"
    if isinstance(value, list):
        return [_cut(item, left - 1) for item in value]
    return {name: _cut(item, left - 1) for name, item in value.items()}


def _plain(pointer: str) -> str:
    """A pointer whose parts are field names; a sender may have made names out of anything."""
    return "/".join(part if not part or PLAIN.fullmatch(part) else "…" for part in pointer.split("/")[:20])
