"""Checks one event against its specification and reports every problem with pointer, rule and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import orjson

from tracking.registry.loader import EventSpec, Registry

MAX_FUTURE = timedelta(minutes=5)
MAX_AGE = {"scanner": timedelta(days=90)}
DEFAULT_MAX_AGE = timedelta(days=30)
MAX_DEPTH = 16
MAX_PROBLEMS = 20
FOUND_LENGTH = 80

HINTS = {
    "required": "add the field",
    "type": "use the type the schema names",
    "format": "use the format the schema names",
    "pattern": "use the form the schema names; money is a decimal string such as 120.50",
    "enum": "use one of the listed values",
    "const": "use exactly this value",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Problems (empty: valid), and for a valid event its specification and corrected time."""

    problems: list[dict[str, Any]]
    code: str = "schema"
    spec: EventSpec | None = None
    occurred_at: datetime | None = None
    claimed_at: datetime | None = None


def check_event(
    registry: Registry, event: Any, *, trusted: bool, now: datetime, skew: timedelta = timedelta(0)
) -> Verdict:
    """Check one decoded event; ``skew`` is added to the sender's clock before the age is judged."""
    if not isinstance(event, dict):
        return _refuse("schema", "", "type", "an event is a JSON object", event)
    spec_or_verdict = _find(registry, event)
    if isinstance(spec_or_verdict, Verdict):
        return spec_or_verdict
    spec = spec_or_verdict
    if not spec.validator.is_valid(event):
        return Verdict(_schema_problems(spec, event))
    problem = _beyond_schema(event)
    if problem:
        return Verdict([problem])
    if spec.trusted_only and not trusted:
        return _refuse(
            "untrusted", "/event_name", "trust", "only a server key may send this; report the order instead", spec.name
        )
    return _timed(spec, event, now, skew)


def _find(registry: Registry, event: dict[str, Any]) -> EventSpec | Verdict:
    name, version = event.get("event_name"), event.get("event_version", 1)
    if not isinstance(name, str) or not registry.versions(name):
        return _refuse("unknown_event", "/event_name", "registry", "no such event in the registry", name)
    spec = registry.find(name, version) if isinstance(version, int) else None
    if spec is None:
        known = ", ".join(map(str, registry.versions(name)))
        return _refuse("unknown_version", "/event_version", "registry", f"known versions: {known}", version)
    return spec


def _timed(spec: EventSpec, event: dict[str, Any], now: datetime, skew: timedelta) -> Verdict:
    try:
        claimed = datetime.fromisoformat(event["occurred_at"])
        occurred = (claimed + skew).astimezone(UTC)
    except (ValueError, OverflowError):
        return _refuse("schema", "/occurred_at", "format", "use RFC 3339 with zone", event["occurred_at"])
    if claimed.tzinfo is None:
        return _refuse("schema", "/occurred_at", "format", "add the zone, for example Z", event["occurred_at"])
    if occurred > now + MAX_FUTURE:
        message = "more than 5 minutes in the future after clock correction; check the sender's clock"
        return _refuse("too_new", "/occurred_at", "age", message, event["occurred_at"])
    limit = MAX_AGE.get(event["source_system"], DEFAULT_MAX_AGE)
    if occurred < now - limit:
        return _refuse("too_old", "/occurred_at", "age", f"older than {limit.days} days", event["occurred_at"])
    return Verdict([], "ok", spec, occurred, claimed.astimezone(UTC))


def _beyond_schema(event: dict[str, Any]) -> dict[str, Any] | None:
    """Depth and characters that PostgreSQL cannot store; both pass JSON Schema."""
    if _too_deep(event, MAX_DEPTH):
        return _problem("", "depth", f"nested deeper than {MAX_DEPTH} levels", None)
    if b"\\u0000" in orjson.dumps(event):
        return _problem("", "characters", "contains the character NUL (U+0000); remove it", None)
    return None


def _too_deep(value: Any, left: int) -> bool:
    if isinstance(value, dict):
        return left == 0 or any(_too_deep(item, left - 1) for item in value.values() if type(item) in {dict, list})
    if isinstance(value, list):
        return left == 0 or any(_too_deep(item, left - 1) for item in value if type(item) in {dict, list})
    return False


def _schema_problems(spec: EventSpec, event: dict[str, Any]) -> list[dict[str, Any]]:
    problems: list[dict[str, Any]] = []
    for error in spec.validator.iter_errors(event):
        if len(problems) == MAX_PROBLEMS:
            break
        problems.append(_from_schema(error))
    return problems


def _from_schema(error: jsonschema_rs.ValidationError) -> dict[str, Any]:
    rule = next((str(part) for part in reversed(error.schema_path) if isinstance(part, str)), "schema")
    pointer = "".join(f"/{_escape(str(part))}" for part in error.instance_path)
    message = error.message[:300]
    hint = HINTS.get(rule)
    found = None if rule == "required" else error.instance
    return _problem(pointer, rule, f"{message}; {hint}" if hint else message, found)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _refuse(code: str, pointer: str, rule: str, message: str, found: Any) -> Verdict:
    return Verdict([_problem(pointer, rule, message, found)], code)


def _problem(pointer: str, rule: str, message: str, found: Any) -> dict[str, Any]:
    text = found if isinstance(found, str) else orjson.dumps(found).decode()
    return {"pointer": pointer, "rule": rule, "message": message, "found": text[:FOUND_LENGTH]}
