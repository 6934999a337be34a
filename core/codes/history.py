"""The history of tracking codes: what a code looked like before and after each change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.codes.models import TrackingCode, TrackingCodeChange
from core.codes.queries import not_found
from core.codes.views import ChangeView, FieldChange
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor

State = dict[str, Any]
TRACKED = ("provider", "organizer_id", "live_event_id", "public_id", "enabled", "settings", "connection_id")


def state_of(code: TrackingCode) -> State:
    """Return what a change is compared by and undone to; it holds no secret."""
    return {name: getattr(code, name) for name in TRACKED}


def record(
    session: Session, actor: Actor, code: TrackingCode, action: str, *, before: State | None, after: State | None
) -> None:
    """Append to the history in the caller's transaction."""
    session.add(
        TrackingCodeChange(
            tenant_id=actor.tenant_id, code_id=code.id, actor=actor.label, action=action, before=before, after=after
        )
    )
    session.flush()


def history(actor: Actor, code_id: int, *, limit: int = 50, cursor: str | None = None) -> Page[ChangeView]:
    """Return the changes of a code, newest first, also of a deleted one; raises `NotFoundError`."""
    query = select(TrackingCodeChange).where(TrackingCodeChange.code_id == code_id)
    before = decode_cursor(cursor, int)
    if before:
        query = query.where(TrackingCodeChange.id < before[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(query.order_by(TrackingCodeChange.id.desc()).limit(size + 1)).all()
    if not all(_may_see(actor, row) for row in rows) or not (rows or before):
        raise not_found(code_id)
    items = [_view(row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def change_of(session: Session, actor: Actor, code_id: int, change_id: int) -> TrackingCodeChange:
    """Return one change of a code; raises `NotFoundError`."""
    row = session.scalars(
        select(TrackingCodeChange).where(TrackingCodeChange.id == change_id, TrackingCodeChange.code_id == code_id)
    ).one_or_none()
    if row is None or not _may_see(actor, row):
        raise NotFoundError(f"there is no change {change_id} of tracking code {code_id}, or it is not yours")
    return row


def last_changes(session: Session, code_ids: Collection[int]) -> dict[int, TrackingCodeChange]:
    """Return the newest change of each code."""
    rows = session.scalars(
        select(TrackingCodeChange)
        .where(TrackingCodeChange.code_id.in_(code_ids))
        .ext(distinct_on(TrackingCodeChange.code_id))
        .order_by(TrackingCodeChange.code_id, TrackingCodeChange.id.desc())
    )
    return {row.code_id: row for row in rows}


def _may_see(actor: Actor, change: TrackingCodeChange) -> bool:
    state = change.after or change.before or {}
    return actor.organizer_id is None or state.get("organizer_id") == actor.organizer_id


def _view(row: TrackingCodeChange) -> ChangeView:
    before, after = _flat(row.before), _flat(row.after)
    changes = tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
    return ChangeView(row.id, row.code_id, row.at, row.actor, row.action, changes)


def _flat(state: State | None) -> State:
    if state is None:
        return {}
    return {**{name: value for name, value in state.items() if name != "settings"}, **state.get("settings", {})}
