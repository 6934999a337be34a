"""Taking refused events after all: one as somebody edited it, or many with simple repairs, each exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import redis
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.db.partitions import make_room_for
from core.db.session import tenant_session
from core.errors import FieldProblem, InvalidInputError, UnavailableError
from core.events.api import (
    BLOCKED,
    DISCARDED,
    REPLAYED,
    Entry,
    RejectRow,
    StreamFullError,
    append,
    count_open_rejects,
    reject_with_id,
    settle_rejects,
    take_open_rejects,
)
from core.security.crypto import DecryptionError
from tracking.consenting import agreed
from tracking.masking import Masked
from tracking.registry.check import Verdict
from tracking.registry.own import registry_of
from tracking.rejected.reading import check_again, open_event, skew_of, spec_of
from tracking.rejected.repairs import Repair, repaired
from tracking.rights import MANAGE, require

MOST = 500
"""Events that one call replays; whoever has more calls again."""
NAMESPACE = uuid.UUID("c0a1f0a4-3d0e-4a75-9a2c-0e6b8f1f5f57")
"""Of ids for events that came without a usable one: the same event gets the same one however often it is replayed."""


@dataclass(slots=True)
class Replayed:
    """What became of the events: taken now, refused again, or not stored because their visitor did not agree.

    ``left`` more are open in the group; ``last_id`` is where the next call goes on.
    """

    replayed: int = 0
    refused: int = 0
    blocked: int = 0
    left: int = 0
    last_id: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)


def replay_edited(actor: Actor, reject_id: int, edited: Any) -> Replayed:
    """Take one refused event as somebody edited it; what was hidden from them is put back.

    One that somebody else replayed meanwhile is left as it is. Raises `NotFoundError`, `InvalidInputError` with
    everything that is still wrong, `UnavailableError` when nothing can be made durable.
    """

    def edit(_: RejectRow, original: Any) -> Any:
        spec = spec_of(registry_of(actor.tenant_id), original)
        return _same_identity(original, Masked(original, spec).restore(edited))

    _demand(actor, reject_id)
    return _replay(actor, edit, ids=[reject_id], strict=True)


def replay_one_repaired(actor: Actor, reject_id: int, repairs: Sequence[Repair]) -> Replayed:
    """Repair and take one refused event; raises as `replay_edited`."""
    _demand(actor, reject_id)
    return _replay(actor, _with(repairs), ids=[reject_id], strict=True)


def _demand(actor: Actor, reject_id: int) -> None:
    """What is not theirs is not found."""
    require(actor, MANAGE)
    with tenant_session(actor.tenant_id) as session:
        reject_with_id(session, actor.tenant_id, reject_id)


def replay_repaired(
    actor: Actor,
    repairs: Sequence[Repair],
    *,
    group: str | None = None,
    ids: Sequence[int] | None = None,
    after: int = 0,
    dry_run: bool = False,
) -> Replayed:
    """Repair and take up to 500 open events of a group, or those with these numbers, oldest first.

    ``after`` is ``last_id`` of the call before; with ``dry_run`` nothing happens. Raises as `replay_edited`.
    """
    _demand_a_choice(group, ids)
    return _replay(actor, _with(repairs), group=group, ids=ids, after=after, dry_run=dry_run)


def _with(repairs: Sequence[Repair]) -> Callable[[RejectRow, Any], Any]:
    # By the sender's clock, as everything it says: the check corrects it.
    return lambda row, original: repaired(original, repairs, row.received_at - skew_of(row))


def _demand_a_choice(group: str | None, ids: Sequence[int] | None) -> None:
    if group is None and ids is None:
        raise InvalidInputError("say which events", errors=[FieldProblem("/group", "required", "name a group or ids")])


def discard(actor: Actor, *, group: str | None = None, ids: Sequence[int] | None = None) -> int:
    """Put open events away that nobody needs, at most 500; returns how many. Raises `ForbiddenError`."""
    require(actor, MANAGE)
    _demand_a_choice(group, ids)
    with tenant_session(actor.tenant_id) as session:
        rows = take_open_rejects(session, actor.tenant_id, ids=ids, group=group, most=MOST)
        settle_rejects(session, actor.tenant_id, [row.id for row in rows], DISCARDED, actor.label)
        if rows:
            _audit(session, actor, "rejected_event.discarded", rows, group)
    return len(rows)


def _replay(
    actor: Actor,
    change: Callable[[RejectRow, Any], Any],
    *,
    ids: Sequence[int] | None = None,
    group: str | None = None,
    after: int = 0,
    strict: bool = False,
    dry_run: bool = False,
) -> Replayed:
    require(actor, MANAGE)
    tenant_id, result = actor.tenant_id, Replayed(last_id=after)
    with tenant_session(tenant_id) as session:
        rows = take_open_rejects(session, tenant_id, ids=ids, group=group, above=after, most=MOST)
        taken: list[tuple[RejectRow, dict[str, Any]]] = []
        outcomes: dict[str, list[int]] = {REPLAYED: [], BLOCKED: []}
        for row in rows:
            result.last_id = row.id
            event, verdict = _judged(tenant_id, row, change)
            if verdict.spec is None:
                result.refused += 1
                result.problems = result.problems or verdict.problems
            elif not agreed(verdict.spec.scope, event, no_tracking=bool(row.flags.get("no_tracking"))):
                outcomes[BLOCKED].append(row.id)
            else:
                outcomes[REPLAYED].append(row.id)
                taken.append((row, stamped(row, event, verdict)))
        if strict and result.refused:
            raise _still_wrong(result.problems)
        result.replayed, result.blocked = len(outcomes[REPLAYED]), len(outcomes[BLOCKED])
        if not dry_run:
            # On the stream first: should the database not learn of it, they are replayed again and stored once.
            _send(tenant_id, taken)
            for state, numbers in outcomes.items():
                settle_rejects(session, tenant_id, numbers, state, actor.label)
        result.left = max(0, count_open_rejects(session, tenant_id, group) - (len(taken) if dry_run else 0))
        settled = {*outcomes[REPLAYED], *outcomes[BLOCKED]}
        if settled and not dry_run:
            _audit(session, actor, "rejected_event.replayed", [row for row in rows if row.id in settled], group)
    return result


def _judged(tenant_id: int, row: RejectRow, change: Callable[[RejectRow, Any], Any]) -> tuple[Any, Verdict]:
    try:
        original = open_event(row)
    except (DecryptionError, orjson.JSONDecodeError):
        problem = {"pointer": "", "rule": "sealed", "message": "it cannot be opened: its master key is missing"}
        return None, Verdict([problem], "sealed")
    event = _identified(tenant_id, row, change(row, original))
    return event, check_again(tenant_id, row, event)


def _identified(tenant_id: int, row: RejectRow, event: Any) -> Any:
    if isinstance(event, dict) and not _is_uuid(event.get("event_id")):
        event["event_id"] = str(uuid.uuid5(NAMESPACE, f"{tenant_id}|{row.id}"))
    return event


def _same_identity(original: Any, edited: Any) -> Any:
    before = original.get("event_id") if isinstance(original, dict) else None
    if isinstance(edited, dict) and _is_uuid(before) and str(edited.get("event_id")).lower() != str(before).lower():
        message = "an event keeps its id: under another it would count twice"
        raise InvalidInputError(message, errors=[FieldProblem("/event_id", "identity", message)])
    return edited


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


def stamped(row: RejectRow, event: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    """The event in the form that the collector hands on; what only a backend may say is taken from others."""
    event.pop("tenant_id", None)
    if not row.trusted:
        event.pop("person_id", None)
    event["event_id"] = event["event_id"].lower()
    if verdict.occurred_at and verdict.claimed_at:
        event["occurred_at"] = verdict.occurred_at.isoformat()
        event["claimed_at"] = verdict.claimed_at.isoformat()
    if verdict.captured_at:
        event["consent_snapshot"]["captured_at"] = verdict.captured_at.isoformat()
    return event


def _send(tenant_id: int, taken: Sequence[tuple[RejectRow, dict[str, Any]]]) -> None:
    """Put events on the stream, each with the time at which it came first and with its own sender."""
    entries: dict[tuple[Any, ...], Entry] = {}
    for row, event in taken:
        make_room_for(datetime.fromisoformat(event["occurred_at"]))
        sender = (row.received_at, row.trusted, row.site_id, row.sealed_client, orjson.dumps(row.flags))
        entry = entries.setdefault(
            sender,
            Entry(tenant_id, row.trusted, row.received_at, [], row.site_id, row.sealed_client, dict(row.flags)),
        )
        entry.events.append(event)
    try:
        for entry in entries.values():
            append(entry)
    except StreamFullError:
        raise UnavailableError("events wait to be stored; replay again later", retry_after=30) from None
    except redis.RedisError:
        raise UnavailableError("the event stream is away; replay again", retry_after=5) from None


def _audit(session: Session, actor: Actor, action: str, rows: Sequence[RejectRow], group: str | None) -> None:
    single = len(rows) == 1 and group is None
    subject = f"rejected_event:{rows[0].id}" if single else f"rejected_events:{len(rows)}"
    names = sorted({row.event_name for row in rows if row.event_name})[:20]
    record_audit(session, actor, action, subject, {"events": len(rows), "names": names})


def _still_wrong(problems: Sequence[dict[str, Any]]) -> InvalidInputError:
    errors = [FieldProblem(item["pointer"], item["rule"], item["message"]) for item in problems]
    return InvalidInputError("the event would be refused again", errors=errors)
