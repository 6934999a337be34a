"""Changing single rows of the catalogue, as people do on pages: with versions, history and a way back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.api import Actor, record_audit
from core.catalog import status_changes
from core.catalog.drafts import Draft, read_drafts, require_writer
from core.catalog.kinds import KINDS, Kind
from core.catalog.lists import find_row
from core.catalog.offer_models import CatalogChange
from core.catalog.upsert import take
from core.catalog.wire import wires
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError

LIVE_EVENTS = KINDS["live-events"]


@dataclass(frozen=True, slots=True)
class RowChange:
    """One change made by a person: fields before and after, on the wire's form."""

    id: int
    before: dict[str, Any]
    after: dict[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One change of a live event's status; without ``before`` the live event was new."""

    before: str | None
    after: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving came to: the row now, and the id of the change, None when there was nothing to save."""

    row: dict[str, Any]
    change_id: int | None
    changed: tuple[str, ...]


def version_of(form: Mapping[str, Any]) -> str:
    """A short text that changes with the row, so that nobody overwrites what they have not seen."""
    return hashlib.sha256(orjson.dumps(form, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def create_row(actor: Actor, kind: Kind, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Create a row; raises `InvalidInputError`, also when its external id exists already."""
    require_writer(actor, kind)
    try:
        with tenant_session(actor.tenant_id) as session:
            kind.rows.lock(session, actor.tenant_id)
            given = str(sent.get("external_id") or "").strip()
            if given and kind.rows.ids(session, actor.tenant_id, [given]):
                problem = FieldProblem(
                    "/external_id", "unique", phrase("there is one with this id already; choose another")
                )
                raise InvalidInputError(phrase("the id is taken"), errors=[problem])
            draft = _take_one(session, actor, kind, sent)
            record_audit(session, actor, f"{kind.word}.created", f"{kind.word}:{draft.external_id}")
            return _form(session, actor, kind, draft.external_id)
    except IntegrityError as exc:
        raise ConflictError(phrase("somebody else changed the same rows at this moment; try again")) from exc


def save_row(
    actor: Actor, kind: Kind, external_id: str, sent: Mapping[str, Any], *, version: str | None = None, reason: str = ""
) -> Saved:
    """Change fields of a row; raises `NotFoundError`, `InvalidInputError`, and `ConflictError` for another version."""
    require_writer(actor, kind)
    try:
        with tenant_session(actor.tenant_id) as session:
            kind.rows.lock(session, actor.tenant_id)
            before = _form(session, actor, kind, external_id)
            if version is not None and version != version_of(before):
                raise ConflictError(
                    phrase("somebody else changed this meanwhile; load it again and repeat your change"),
                    code="version_conflict",
                )
            _take_one(session, actor, kind, {**sent, "external_id": external_id}, reason)
            session.expire_all()
            after = _form(session, actor, kind, external_id)
            return Saved(after, *_remember(session, actor, kind, external_id, before, after))
    except IntegrityError as exc:
        raise ConflictError(phrase("somebody else changed the same rows at this moment; try again")) from exc


def undo_change(actor: Actor, kind: Kind, external_id: str, change_id: int) -> Saved:
    """Take a person's change back; raises `NotFoundError`, or `ConflictError` when the fields were changed again."""
    with tenant_session(actor.tenant_id) as session:
        row = find_row(session, actor, kind, external_id)
        change = session.get(CatalogChange, change_id)
        if change is None or (change.kind, change.row_id) != (kind.word, row.id):
            raise NotFoundError("there is no such change of this row")
        current = wires(session, actor.tenant_id, kind, [row])[row.id]
        if any(current[name] != value for name, value in change.after.items()):
            raise ConflictError(phrase("it was changed again since; change it by hand"))
        before = change.before
    return save_row(actor, kind, external_id, before, version=version_of(current))


def row_changes(actor: Actor, kind: Kind, external_id: str, limit: int = 20) -> list[RowChange]:
    """What people changed of a row, newest first; raises `NotFoundError`."""
    with tenant_session(actor.tenant_id) as session:
        row = find_row(session, actor, kind, external_id)
        query = select(CatalogChange).where(
            CatalogChange.tenant_id == actor.tenant_id, CatalogChange.kind == kind.word, CatalogChange.row_id == row.id
        )
        found = session.scalars(query.order_by(CatalogChange.id.desc()).limit(limit))
        return [RowChange(item.id, item.before, item.after, item.actor, item.at) for item in found]


def change_status(actor: Actor, external_id: str, status: str, reason: str = "") -> dict[str, Any]:
    """Change a live event's status; raises `NotFoundError`, and `ConflictError` when it may not follow."""
    try:
        return save_row(actor, LIVE_EVENTS, external_id, {"status": status}, reason=reason).row
    except InvalidInputError as error:
        if any(problem.rule == "transition" for problem in error.errors):
            raise ConflictError(error.errors[0].message, errors=error.errors, code="transition_not_allowed") from None
        raise


def status_history(actor: Actor, external_id: str) -> list[StatusEntry]:
    """Changes of a live event's status, newest first; raises `NotFoundError`."""
    with tenant_session(actor.tenant_id) as session:
        row = find_row(session, actor, LIVE_EVENTS, external_id)
        found = status_changes.history(session, actor.tenant_id, row.id)
        return [StatusEntry(item.before, item.after, item.reason, item.actor, item.at) for item in found]


def _take_one(session: Session, actor: Actor, kind: Kind, sent: Mapping[str, Any], reason: str = "") -> Draft:
    [draft] = read_drafts([dict(sent)])
    take(session, actor, kind, [draft], reason)
    if draft.errors:
        raise InvalidInputError(
            phrase("%(value)s field(s) need attention", value=len(draft.errors)), errors=draft.errors
        )
    return draft


def _form(session: Session, actor: Actor, kind: Kind, external_id: str) -> dict[str, Any]:
    row = find_row(session, actor, kind, external_id)
    return wires(session, actor.tenant_id, kind, [row])[row.id]


def _remember(
    session: Session, actor: Actor, kind: Kind, external_id: str, before: dict[str, Any], after: dict[str, Any]
) -> tuple[int | None, tuple[str, ...]]:
    changed = tuple(name for name, value in after.items() if before[name] != value)
    if not changed:
        return None, ()
    row = find_row(session, actor, kind, external_id)
    change = CatalogChange(
        tenant_id=actor.tenant_id,
        kind=kind.word,
        row_id=row.id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        actor=actor.label,
    )
    session.add(change)
    session.flush()
    detail: dict[str, Any] = {"fields": list(changed)}
    if "status" in changed:
        detail["status"] = after["status"]
    record_audit(session, actor, f"{kind.word}.changed", f"{kind.word}:{external_id}", detail)
    return change.id, changed
