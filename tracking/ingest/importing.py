"""Imports events that happened: checked like the collector's, except for their age; stored without any delivery."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from core.catalog.api import Prepared, Reject, Row, Shape, Sink, Stored
from core.db.partitions import make_room_for
from core.errors import FieldProblem
from core.events.api import Entry, emit
from tracking.ingest.service import ingest_history
from tracking.registry import registry
from tracking.registry.check import Verdict, check_event

BROWSERS = frozenset({"web", "mobile"})
FIELDS = {
    **dict.fromkeys(("event_id", "event_name", "source_system", "site_id", "visitor_id", "session_id"), "text"),
    **dict.fromkeys(("person_id", "idempotency_key", "prev_event_id"), "text"),
    **dict.fromkeys(("event_version", "sequence_no"), "integer"),
    "occurred_at": "moment",
    **{f"consent_snapshot.{name}": "flag" for name in ("analytics", "marketing", "data_processing")},
    "consent_snapshot.captured_at": "moment",
    "consent_snapshot.copy_hash": "text",
}
SHAPE = Shape(FIELDS, ("payload", "context", "entities"))
NAMESPACE = uuid.UUID("5f7c1f60-2b0e-4d51-9f0e-6f2c9be1a3d4")
"""Of ids made for events that have none: the same row of the same file makes the same one again."""


def prepare(tenant_id: int, rows: Sequence[Row], _options: Mapping[str, Any]) -> Prepared:
    """Check the events of a block against the registry."""
    prepared = Prepared(len(rows), [])
    now, known = datetime.now(UTC), registry()
    for row in rows:
        if row.problem is not None:
            prepared.rejects.append(Reject(row.line, (row.problem,)))
            continue
        event = _complete(tenant_id, row.data)
        verdict = check_event(known, event, trusted=True, now=now, any_age=True)
        if verdict.spec is None:
            prepared.rejects.append(Reject(row.line, tuple(_problem(item) for item in verdict.problems)))
        elif verdict.spec.scope != "necessary" and not event.get("consent_snapshot", {}).get(verdict.spec.scope):
            message = f"the visitor did not agree to {verdict.spec.scope}; such events are not stored"
            prepared.rejects.append(Reject(row.line, (FieldProblem("/consent_snapshot", "consent", message),)))
        else:
            prepared.payload.append((row.line, _stamped(event, verdict)))
    return prepared


def _complete(tenant_id: int, event: dict[str, Any]) -> dict[str, Any]:
    event.pop("tenant_id", None)
    event.setdefault("event_version", 1)
    if "event_id" not in event:
        same = orjson.dumps(event, option=orjson.OPT_SORT_KEYS, default=str).decode()
        event["event_id"] = str(uuid.uuid5(NAMESPACE, f"{tenant_id}|{same}"))
    return event


def _stamped(event: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    event["event_id"] = event["event_id"].lower()
    if verdict.occurred_at:
        event["occurred_at"] = verdict.occurred_at.isoformat()
    if verdict.captured_at:
        event["consent_snapshot"]["captured_at"] = verdict.captured_at.isoformat()
    return event


def _problem(item: Mapping[str, Any]) -> FieldProblem:
    return FieldProblem(item["pointer"], item["rule"], item["message"])


def store(
    session: Session, tenant_id: int, events: Sequence[tuple[int, dict[str, Any]]], options: Mapping[str, Any]
) -> Stored:
    """Store events; with the option ``deliver`` hand them to the relay instead, as if they happened now.

    What browsers said competes for ids with what browsers send, everything else with what backends send.
    """
    if options.get("deliver"):
        for _, event in events:
            emit(session, tenant_id, event)
        return Stored(new=len(events))
    moments = {event["occurred_at"][:7]: datetime.fromisoformat(event["occurred_at"]) for _, event in events}
    for moment in moments.values():
        make_room_for(moment)
    now = datetime.now(UTC)
    by_trust: dict[bool, list[dict[str, Any]]] = {}
    for _, event in events:
        by_trust.setdefault(event["source_system"] not in BROWSERS, []).append(event)
    entries = [Entry(tenant_id, trusted, now, own) for trusted, own in sorted(by_trust.items())]
    new = ingest_history(session, tenant_id, entries) if entries else 0
    return Stored(new=new, known=len(events) - new)


EVENTS = Sink("events", SHAPE, prepare, store, 2_000)
