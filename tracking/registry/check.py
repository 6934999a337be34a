"""Checks one event against its specification and reports every problem with pointer, rule and what was found."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import orjson

from tracking.registry.limits import problem_beyond_schema
from tracking.registry.loader import EventSpec, Registry

MAX_FUTURE = timedelta(minutes=5)
MAX_AGE = {"scanner": timedelta(days=90)}
DEFAULT_MAX_AGE = timedelta(days=30)
MAX_PROBLEMS = 20
FOUND_LENGTH = 80
MESSAGE_LENGTH = 300

HINTS = {
    "required": "add the field",
    "type": "use the type the schema names",
    "format": "use the format the schema names",
    "pattern": "use the form the schema names; money is a decimal string such as 120.50",
    "enum": "use one of the listed values",
    "const": "use exactly this value",
}


@dataclass(slots=True)
class Verdict:
    """Problems (empty: valid), and for a valid event its specification and times.

    ``occurred_at`` is corrected by the sender's skew, ``claimed_at`` is not; ``captured_at`` is the consent snapshot's.
    """

    problems: list[dict[str, Any]]
    code: str = "schema"
    spec: EventSpec | None = None
    occurred_at: datetime | None = None
    claimed_at: datetime | None = None
    captured_at: datetime | None = None


def check_event(
    registry: Registry,
    event: Any,
    *,
    trusted: bool,
    now: datetime,
    skew: timedelta = timedelta(0),
    any_age: bool = False,
    plain: bool = False,
) -> Verdict:
    """Check one decoded event; ``skew`` is added to the sender's clock before the age is judged.

    With ``any_age`` it may be as old as it likes, since history is imported. ``plain`` says what `is_plain` said of the
    text that it was decoded from.
    """
    if not isinstance(event, dict):
        return refusal("schema", "", "type", "an event is a JSON object", event)
    spec = _named(registry, event) if plain else None
    if spec is None or not spec.validator.is_valid(event):
        found = _find(registry, event)
        if isinstance(found, Verdict):
            return found
        spec = found
    if spec.trusted_only and not trusted:
        return refusal(
            "untrusted", "/event_name", "trust", "only a server key may send this; report the order instead", spec.name
        )
    return _timed(spec, event, now, skew, any_age=any_age)


def refusal(code: str, pointer: str, rule: str, message: str, found: Any) -> Verdict:
    """A verdict with one problem."""
    return Verdict([_problem(pointer, rule, message, found)], code)


def _named(registry: Registry, event: dict[str, Any]) -> EventSpec | None:
    name, version = event.get("event_name"), event.get("event_version", 1)
    return registry.find(name, version) if isinstance(name, str) and isinstance(version, int) else None


def _find(registry: Registry, event: dict[str, Any]) -> EventSpec | Verdict:
    """The specification that the event keeps to, or everything that is wrong with it."""
    # First of all: what comes next is not made for any depth.
    beyond = problem_beyond_schema(event)
    if beyond:
        return refusal("schema", "", *beyond, None)
    spec = _named(registry, event)
    if spec is None:
        return _unknown(registry, event)
    return spec if spec.validator.is_valid(event) else Verdict(_schema_problems(spec, event))


def _unknown(registry: Registry, event: dict[str, Any]) -> Verdict:
    name, version = event.get("event_name"), event.get("event_version", 1)
    if not isinstance(name, str) or not registry.versions(name):
        return refusal(
            "unknown_event", "/event_name", "registry", "no such event: use a name of docs/reference/events.md", name
        )
    known = ", ".join(map(str, registry.versions(name)))
    return refusal("unknown_version", "/event_version", "registry", f"known versions: {known}", version)


def _timed(spec: EventSpec, event: dict[str, Any], now: datetime, skew: timedelta, *, any_age: bool) -> Verdict:
    claimed = _instant(event["occurred_at"])
    if claimed is None:
        return _not_a_time("/occurred_at", event["occurred_at"])
    snapshot = event.get("consent_snapshot")
    stated = snapshot.get("captured_at") if snapshot else None
    captured = _repeated(stated) if stated is not None else None
    if stated is not None and captured is None:
        return _not_a_time("/consent_snapshot/captured_at", stated)
    try:
        occurred = claimed + skew if skew else claimed
    except OverflowError:
        return _not_a_time("/occurred_at", event["occurred_at"])
    if occurred > now + MAX_FUTURE:
        message = "more than 5 minutes in the future after clock correction; check the sender's clock"
        return refusal("too_new", "/occurred_at", "age", message, event["occurred_at"])
    limit = MAX_AGE.get(event["source_system"], DEFAULT_MAX_AGE)
    if occurred < now - limit and not any_age:
        return refusal("too_old", "/occurred_at", "age", f"older than {limit.days} days", event["occurred_at"])
    return Verdict([], "ok", spec, occurred, claimed, captured)


def _instant(text: str) -> datetime | None:
    """The moment in UTC; None for what passes as RFC 3339 and no calendar has (leap seconds, the year 0)."""
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


# A visitor decides once and says so in every event.
_repeated = functools.lru_cache(maxsize=4096)(_instant)


def _not_a_time(pointer: str, found: str) -> Verdict:
    return refusal("schema", pointer, "format", "use RFC 3339 with zone, for example 2026-11-20T18:03:11Z", found)


def _schema_problems(spec: EventSpec, event: dict[str, Any]) -> list[dict[str, Any]]:
    problems: list[dict[str, Any]] = []
    for error in spec.validator.iter_errors(event):
        if len(problems) == MAX_PROBLEMS:
            break
        problems.append(_from_schema(error))
    return problems


def _from_schema(error: jsonschema_rs.ValidationError) -> dict[str, Any]:
    rule = next((str(part) for part in reversed(error.schema_path) if isinstance(part, str)), "schema")
    path, found = list(error.instance_path), error.instance
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        # The place to repair is the field that is missing.
        path, found = [*path, error.kind.property], None
    pointer = "".join(f"/{_escape(str(part))}" for part in path)
    message, hint = error.message[:MESSAGE_LENGTH], HINTS.get(rule)
    return _problem(pointer, rule, f"{message}; {hint}" if hint else message, found)


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _problem(pointer: str, rule: str, message: str, found: Any) -> dict[str, Any]:
    return {"pointer": pointer, "rule": rule, "message": message, "found": _shown(found)}


def _shown(found: Any) -> str:
    if isinstance(found, str):
        return found[:FOUND_LENGTH]
    try:
        return orjson.dumps(found).decode()[:FOUND_LENGTH]
    except orjson.JSONEncodeError:  # deeper than it can write
        return "an object" if isinstance(found, dict) else "an array"
