"""The events that marketplaces define themselves: every version that was ever defined, and which names are retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from core.db.locks import Lock
from core.errors import NotFoundError
from core.events.models import CustomEvent
from core.paging import Page, clamp, decode_cursor, encode_cursor

# Two people who add a version at once: the second sees what the first did.
LOCK = text(f"SELECT pg_advisory_xact_lock({Lock.OWN_EVENTS}, :tenant)")


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """One version of an event; ``fields`` are {name, type, required, …} and the whole list of that version."""

    name: str
    version: int
    description: str
    sources: list[str]
    scope: str
    fields: list[dict[str, Any]]
    example: dict[str, Any]
    created_at: datetime
    retired_at: datetime | None


COLUMNS = tuple(getattr(CustomEvent, name) for name in OwnEvent.__slots__)


def own_events(session: Session, tenant_id: int) -> list[OwnEvent]:
    """Every version in use, by name and version."""
    query = select(*COLUMNS).where(CustomEvent.tenant_id == tenant_id, CustomEvent.retired_at.is_(None))
    return [OwnEvent(*row) for row in session.execute(query.order_by(CustomEvent.name, CustomEvent.version))]


def own_event_page(session: Session, tenant_id: int, *, limit: int = 50, cursor: str | None = None) -> Page[OwnEvent]:
    """The newest version of each name, by name, retired ones too; raises `InvalidInputError` for a foreign cursor."""
    newest = (
        select(CustomEvent.name, func.max(CustomEvent.version).label("version"))
        .where(CustomEvent.tenant_id == tenant_id)
        .group_by(CustomEvent.name)
        .subquery()
    )
    fits = (CustomEvent.name == newest.c.name) & (CustomEvent.version == newest.c.version)
    query = select(*COLUMNS).join(newest, fits).where(CustomEvent.tenant_id == tenant_id)
    after = decode_cursor(cursor, str)
    if after:
        query = query.where(CustomEvent.name > after[0])
    size = clamp(limit)
    rows = session.execute(query.order_by(CustomEvent.name).limit(size + 1)).all()
    items = [OwnEvent(*row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].name) if len(rows) > size else None)


def versions_of(session: Session, tenant_id: int, name: str) -> list[OwnEvent]:
    """Every version of a name, oldest first; raises `NotFoundError` when there is none."""
    query = select(*COLUMNS).where(CustomEvent.tenant_id == tenant_id, CustomEvent.name == name)
    found = [OwnEvent(*row) for row in session.execute(query.order_by(CustomEvent.version))]
    if not found:
        raise NotFoundError(f"there is no event {name!r} of your own")
    return found


def count_own_events(session: Session, tenant_id: int) -> int:
    """How many names there are."""
    query = select(func.count(CustomEvent.name.distinct())).where(CustomEvent.tenant_id == tenant_id)
    return int(session.scalar(query) or 0)


def lock_own_events(session: Session, tenant_id: int) -> None:
    """Let nobody else define events of this marketplace until the transaction ends."""
    session.execute(LOCK, {"tenant": tenant_id % 2**31})


def add_own_event(session: Session, tenant_id: int, **columns: Any) -> None:
    """Add a version as it is given; the caller has checked it."""
    session.add(CustomEvent(tenant_id=tenant_id, **columns))
    session.flush()


def retire_own_event(session: Session, tenant_id: int, name: str, *, retired: bool) -> Sequence[int]:
    """Retire every version of a name, or take it into use again; returns the versions whose state changed."""
    state = CustomEvent.retired_at.is_(None) if retired else CustomEvent.retired_at.is_not(None)
    statement = (
        update(CustomEvent)
        .where(CustomEvent.tenant_id == tenant_id, CustomEvent.name == name, state)
        .values(retired_at=func.now() if retired else None)
        .returning(CustomEvent.version)
    )
    return list(session.scalars(statement))
