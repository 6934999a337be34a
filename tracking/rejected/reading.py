"""A refused event as people may see it: opened, masked, and checked again by today's rules, with ways to mend it."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from core.accounts.api import ScannerBinding
from core.events.api import RejectRow, place_of
from core.security.crypto import DecryptionError, keyring
from tracking.collector import gate
from tracking.masking import Masked
from tracking.registry.check import Verdict, check_event, refusal
from tracking.registry.loader import EventSpec
from tracking.registry.own import OwnRegistry, registry_of
from tracking.rejected.remedies import remedy
from tracking.rejected.repairs import ARRIVAL, CONVERT, DROP, SET, Repair

HORIZON = timedelta(days=120)
"""Ids of events are known for so long; what happened earlier could be counted twice."""
FOUND_LENGTH = 80
CONVERSIONS = {"string": "text", "number": "number", "integer": "integer", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class FromGate:
    """The scanner that once sent a refused event."""

    scanner: ScannerBinding
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem: where, which rule, what was found there (hidden if it is personal), what to do, ways to mend it."""

    pointer: str
    rule: str
    message: str
    found: str | None
    remedy: str
    repairs: list[Repair]


@dataclass(frozen=True, slots=True)
class RejectView:
    """A refused event. ``event`` is masked; None when it cannot be opened. Without problems it would be taken now."""

    row: RejectRow
    event: Any
    problems: list[ProblemView]
    example: dict[str, Any] | None


def open_event(row: RejectRow) -> Any:
    """The event as it came; raises `DecryptionError` when its key is missing."""
    return orjson.loads(keyring().unseal(row.sealed_event, "reject"))


def skew_of(row: RejectRow) -> timedelta:
    """How far the sender's clock was behind ours when the event came."""
    return timedelta(seconds=float(row.flags.get("skew_seconds", 0)))


def check_again(tenant_id: int, row: RejectRow, event: Any, now: datetime | None = None) -> Verdict:
    """Judge an event like the collector, but however late it came; the key that sent it keeps its limits.

    As there, a scanner's event gets the place of its key where it names none.
    """
    known, now = registry_of(tenant_id), now or datetime.now(UTC)
    verdict = _out_of_place(row, event) or check_event(
        known, event, trusted=row.trusted, now=now, skew=skew_of(row), any_age=True
    )
    if verdict.spec is None or verdict.occurred_at is None:
        return verdict
    tenant, site, source = event.get("tenant_id"), event.get("site_id"), event["source_system"]
    if tenant is not None and str(tenant) != str(tenant_id):
        return refusal("wrong_tenant", "/tenant_id", "owner", "the key belongs to another marketplace", tenant)
    if row.site_id is not None and site not in {None, row.site_id}:
        return refusal("wrong_site", "/site_id", "owner", f"the key belongs to the site {row.site_id!r}", site)
    if not row.trusted and (source == gate.SOURCE) != (row.site_id is None):
        return refusal("wrong_source", "/source_system", "owner", "the key speaks for another source", source)
    if verdict.occurred_at < row.received_at - HORIZON:
        return refusal("too_old", "/occurred_at", "age", "older than 120 days; import it instead", event["occurred_at"])
    return verdict


def _out_of_place(row: RejectRow, event: Any) -> Verdict | None:
    """The refusal of an event that the scanner's key may not send; without a known place what was refused stays so."""
    bound = row.flags.get(gate.BINDING)
    if bound:
        return gate.misplaced(event, FromGate(ScannerBinding(**bound), row.trusted))
    if row.code in gate.OUT_OF_PLACE:
        pointer = row.problems[0]["pointer"] if row.problems else ""
        return refusal(row.code, pointer, "owner", "the place that its key was bound to is not known any more", None)
    return None


def view_of(tenant_id: int, row: RejectRow) -> RejectView:
    """Open, mask and check a refused event."""
    try:
        event = open_event(row)
    except (DecryptionError, orjson.JSONDecodeError):
        return RejectView(row, None, [_stored(row, item) for item in row.problems], None)
    # On a copy: the check fills in what the key says, and people see what came.
    verdict = check_again(tenant_id, row, copy.deepcopy(event))
    spec = verdict.spec or spec_of(registry_of(tenant_id), event)
    masked = Masked(event, spec).event
    problems = [_problem(tenant_id, spec, verdict.code, item, masked) for item in verdict.problems]
    return RejectView(row, masked, problems, spec.example if spec else None)


def spec_of(known: OwnRegistry, event: Any) -> EventSpec | None:
    """The description that an event names, else the newest of its name; None when there is none."""
    name = event.get("event_name") if isinstance(event, dict) else None
    versions = known.versions(name) if isinstance(name, str) else []
    if not versions:
        return None
    asked = event.get("event_version")
    return known.find(str(name), asked if asked in versions else versions[-1])


def _stored(row: RejectRow, item: Mapping[str, Any]) -> ProblemView:
    return ProblemView(item["pointer"], item["rule"], item["message"], None, remedy(row.code, item["rule"]), [])


def _problem(tenant_id: int, spec: EventSpec | None, code: str, item: Mapping[str, Any], masked: Any) -> ProblemView:
    pointer, rule = item["pointer"], item["rule"]
    there, value = _at(masked, pointer)
    found = found_at(masked, pointer)
    repairs = _repairs(tenant_id, spec, code, pointer, rule, value if there else None)
    return ProblemView(pointer, rule, item["message"], found, remedy(code, rule), repairs)


def found_at(masked: Any, pointer: str) -> str | None:
    """What stands at a place of a masked event, shortened; None when nothing does."""
    there, value = _at(masked, pointer)
    return _shown(value) if there else None


def _at(event: Any, pointer: str) -> tuple[bool, Any]:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(event, dict) and name in event:
            event = event[name]
        elif isinstance(event, list) and name.isascii() and name.isdecimal() and int(name) < len(event):
            event = event[int(name)]
        else:
            return False, None
    return True, event


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= FOUND_LENGTH else f"{text[: FOUND_LENGTH - 1]}…"


def _repairs(tenant_id: int, spec: EventSpec | None, code: str, pointer: str, rule: str, found: Any) -> list[Repair]:
    """What would mend all events with this problem; an empty list where only the sender can."""
    if code == "unknown_event":
        return [Repair(SET, "/event_name", name) for name in _similar(tenant_id, found)]
    if code == "unknown_version":
        return [Repair(SET, "/event_version", spec.version)] if spec else []
    if code == "too_new":
        return [Repair(ARRIVAL, "/occurred_at")]
    if code in {"wrong_tenant", "wrong_site"}:
        return [Repair(DROP, pointer)]
    return _of_schema(spec, place_of(pointer), rule, found) if code == "schema" and spec and pointer else []


def _of_schema(spec: EventSpec, place: str, rule: str, found: Any) -> list[Repair]:
    names = place.split("/")[1:]
    shape = _shape(spec, names)
    example = spec.example.get(names[1]) if names[0] == "payload" and len(names) == 2 else None
    if rule == "required":
        return [] if example is None else [Repair(SET, place, example)]
    wanted = CONVERSIONS.get(str(shape.get("type", "string" if "$ref" in shape or "pattern" in shape else "")))
    repairs = [Repair(CONVERT, place, wanted)] if wanted and _converts(found, wanted) else []
    repairs += [Repair(SET, place, value) for value in shape.get("enum", ())[:3]]
    if names[-1] not in _required(spec, names):
        repairs.append(Repair(DROP, place))
    return repairs


def _converts(found: Any, wanted: str) -> bool:
    return isinstance(found, str | int | float) and not (wanted == "text" and isinstance(found, str))


def _required(spec: EventSpec, names: Sequence[str]) -> set[str]:
    if len(names) == 1:
        return {*spec.schema["required"], *spec.schema.get("then", {}).get("required", ())}
    if names[0] == "entities":
        return set(spec.required_entities)
    parent = _shape(spec, names[:-1])
    return set(parent.get("required", ()))


def _shape(spec: EventSpec, names: Sequence[str]) -> Mapping[str, Any]:
    """The part of the schema that describes a place; empty where nothing does."""
    shape: Any = spec.schema
    for name in names:
        shape = _resolved(spec, shape)
        shape = shape.get("items", {}) if name == "*" else shape.get("properties", {}).get(name, {})
    resolved: Mapping[str, Any] = _resolved(spec, shape)
    return resolved


def _resolved(spec: EventSpec, shape: Any) -> Any:
    while isinstance(shape, dict) and "$ref" in shape:
        shape = spec.schema["$defs"].get(shape["$ref"].rpartition("/")[2], {})
    return shape if isinstance(shape, dict) else {}


def _similar(tenant_id: int, name: Any) -> list[str]:
    if not isinstance(name, str):
        return []
    known = registry_of(tenant_id)
    names = sorted({spec.name for spec in (*known.all(), *known.own())})
    return difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.6)
