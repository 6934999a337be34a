"""Changes of live events' statuses: kept, put into the outbox, and told to whoever subscribed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.accounts.api import organizer_external_ids
from core.catalog.models import LiveEvent
from core.catalog.offer_models import LiveEventStatusChange
from core.catalog.status import RUNNING, USUAL_LENGTH
from core.db.external_rows import insert_set
from core.db.session import maintainer_session, tenant_session
from core.events.api import emit_status_changes

BATCH = 1_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One change, as subscribers get it; ``id`` is the same when it is told again."""

    id: int
    tenant_id: int
    live_event_id: str
    organizer_id: str
    before: str
    after: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change to keep; without ``before`` the live event is new, which is history but no news."""

    tenant_id: int
    live_event_id: int
    before: str | None
    after: str
    reason: str
    actor: str


Listener = Callable[[StatusChange], None]
_listeners: dict[str, Listener] = {}


def on_status_change(name: str, listener: Listener) -> None:
    """Subscribe: ``listener`` is called in a worker after every change, at least once, so it must bear repetition.

    A listener that raises is called again later, without disturbing the others. ``name`` replaces an earlier one.
    """
    _listeners[name] = listener


def forget_listener(name: str) -> None:
    """End a subscription."""
    _listeners.pop(name, None)


def record_changes(session: Session, changes: Sequence[NewChange]) -> None:
    """Keep changes and put them into the outbox, in the caller's transaction."""
    insert_set(session, LiveEventStatusChange, [asdict(item) for item in changes if item.before is None])
    news = [asdict(item) for item in changes if item.before is not None]
    if news:
        made = insert(LiveEventStatusChange).returning(LiveEventStatusChange.tenant_id, LiveEventStatusChange.id)
        emit_status_changes(session, [(row.tenant_id, row.id) for row in session.execute(made, news)])


def tell(tenant_id: int, change_id: int) -> None:
    """Tell every subscriber of one change; raises the last failure, so that the job runs again."""
    with tenant_session(tenant_id) as session:
        row = session.get(LiveEventStatusChange, change_id)
        event = session.get(LiveEvent, row.live_event_id) if row else None
        if row is None or event is None or row.before is None:
            return
        organizer = organizer_external_ids(session, tenant_id, {event.organizer_id})[event.organizer_id]
    change = StatusChange(row.id, tenant_id, event.external_id, organizer, row.before, row.after, row.reason, row.at)
    failure: Exception | None = None
    for name, listener in _listeners.items():
        try:
            listener(change)
        except Exception as exc:
            log.exception("a subscriber failed", subscriber=name, change=change_id)
            failure = exc
    if failure is not None:
        raise failure


def end_what_is_over(now: datetime | None = None) -> int:
    """Set live events on sale or sold out to `ended` after their end, of every marketplace; returns how many."""
    now = now or datetime.now(UTC)
    ended = 0
    while found := _end_batch(now):
        ended += found
    return ended


def _end_batch(now: datetime) -> int:
    end = func.coalesce(LiveEvent.ends_at, LiveEvent.starts_at + USUAL_LENGTH)
    query = (
        select(LiveEvent.id, LiveEvent.tenant_id, LiveEvent.status)
        .where(LiveEvent.status.in_(RUNNING), LiveEvent.starts_at < now, end <= now)
        .order_by(LiveEvent.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    )
    with maintainer_session() as session:
        rows = session.execute(query).all()
        if rows:
            session.execute(update(LiveEvent).where(LiveEvent.id.in_([row.id for row in rows])).values(status="ended"))
        record_changes(
            session, [NewChange(row.tenant_id, row.id, row.status, "ended", "", "system:schedule") for row in rows]
        )
    return len(rows)


def history(session: Session, tenant_id: int, live_event_id: int, limit: int = 50) -> list[LiveEventStatusChange]:
    """Changes of one live event, newest first."""
    query = (
        select(LiveEventStatusChange)
        .where(LiveEventStatusChange.tenant_id == tenant_id, LiveEventStatusChange.live_event_id == live_event_id)
        .order_by(LiveEventStatusChange.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))
