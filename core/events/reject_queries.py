"""Reading refused events: groups with counts over time, the events of a group, one event with what sealed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, cast, func, select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.events.models import RejectedEvent
from core.events.rejects import OPEN
from core.paging import Page, clamp, decode_cursor, encode_cursor

DAYS = 30


@dataclass(frozen=True, slots=True)
class RejectGroup:
    """Events refused alike. ``problems`` are those of the newest; ``days`` counts them per local day, oldest first."""

    key: str
    code: str
    event_name: str | None
    problems: list[dict[str, Any]]
    events: int
    first_at: datetime
    last_at: datetime
    newest_id: int
    sites: list[str]
    days: list[tuple[date, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which refused events; None means any."""

    state: str = OPEN
    event_name: str | None = None
    code: str | None = None
    site_id: str | None = None


@dataclass(frozen=True, slots=True)
class RejectRow:
    """One refused event as it is stored; what is sealed stays sealed."""

    id: int
    group_key: str
    site_id: str | None
    event_name: str | None
    code: str
    problems: list[dict[str, Any]]
    received_at: datetime
    trusted: bool
    flags: dict[str, Any]
    state: str
    settled_at: datetime | None
    settled_by: str | None
    sealed_event: bytes
    sealed_client: bytes | None


COLUMNS = tuple(getattr(RejectedEvent, name) for name in RejectRow.__slots__)


def reject_groups(
    session: Session, tenant_id: int, chosen: RejectFilter, *, zone: str, limit: int = 50, cursor: str | None = None
) -> Page[RejectGroup]:
    """Groups, those with the newest event first; raises `InvalidInputError` for a cursor of another list."""
    newest = func.max(RejectedEvent.id).label("newest")
    query = (
        select(
            RejectedEvent.group_key,
            func.count().label("events"),
            func.min(RejectedEvent.received_at).label("first_at"),
            func.max(RejectedEvent.received_at).label("last_at"),
            newest,
            func.array_agg(RejectedEvent.site_id.distinct()).label("sites"),
        )
        .where(*_conditions(tenant_id, chosen))
        .group_by(RejectedEvent.group_key)
        .order_by(newest.desc())
    )
    before = decode_cursor(cursor, int)
    if before:
        query = query.having(newest < before[0])
    size = clamp(limit)
    found = session.execute(query.limit(size + 1)).all()
    rows = found[:size]
    last = _rows(session, select(*COLUMNS).where(RejectedEvent.id.in_([row.newest for row in rows])))
    heads = {row.id: row for row in last}
    days = _days(session, tenant_id, chosen, [row.group_key for row in rows], zone)
    items = [_group(row, heads[row.newest], days.get(row.group_key, [])) for row in rows]
    return Page(items, encode_cursor(items[-1].newest_id) if len(found) > size else None)


def reject_totals(session: Session, tenant_id: int, chosen: RejectFilter, zone: str) -> list[tuple[date, int]]:
    """Refused events per local day of the last 30 days, oldest first; days without any are left out."""
    day = _day(zone)
    query = select(day, func.count()).where(*_conditions(tenant_id, chosen), _recent()).group_by(day).order_by(day)
    return [(row[0], row[1]) for row in session.execute(query)]


def rejects_of(
    session: Session,
    tenant_id: int,
    *,
    group: str | None = None,
    state: str = OPEN,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[RejectRow]:
    """Refused events, newest first; raises `InvalidInputError` for a cursor of another list."""
    query = select(*COLUMNS).where(RejectedEvent.tenant_id == tenant_id, RejectedEvent.state == state)
    if group is not None:
        query = query.where(RejectedEvent.group_key == group)
    before = decode_cursor(cursor, int)
    if before:
        query = query.where(RejectedEvent.id < before[0])
    size = clamp(limit)
    rows = _rows(session, query.order_by(RejectedEvent.id.desc()).limit(size + 1))
    return Page(rows[:size], encode_cursor(rows[size - 1].id) if len(rows) > size else None)


def reject_with_id(session: Session, tenant_id: int, reject_id: int) -> RejectRow:
    """One refused event; raises `NotFoundError` when there is none, or it is another marketplace's."""
    found = _rows(session, select(*COLUMNS).where(RejectedEvent.tenant_id == tenant_id, RejectedEvent.id == reject_id))
    if not found:
        raise NotFoundError(f"there is no refused event {reject_id}; refused events are kept for {DAYS} days")
    return found[0]


def count_open_rejects(session: Session, tenant_id: int, group: str | None = None) -> int:
    """How many refused events wait for somebody, of a group or of all."""
    query = select(func.count()).where(RejectedEvent.tenant_id == tenant_id, RejectedEvent.state == OPEN)
    return int(session.scalar(query if group is None else query.where(RejectedEvent.group_key == group)) or 0)


def _conditions(tenant_id: int, chosen: RejectFilter) -> list[ColumnElement[bool]]:
    conditions = [RejectedEvent.tenant_id == tenant_id, RejectedEvent.state == chosen.state]
    for name in ("event_name", "code", "site_id"):
        value = getattr(chosen, name)
        if value is not None:
            conditions.append(getattr(RejectedEvent, name) == value)
    return conditions


def _day(zone: str) -> ColumnElement[date]:
    return cast(func.timezone(zone, RejectedEvent.received_at), Date)


def _recent() -> ColumnElement[bool]:
    return RejectedEvent.created_at >= datetime.now(UTC) - timedelta(days=DAYS)


def _days(
    session: Session, tenant_id: int, chosen: RejectFilter, groups: Sequence[str], zone: str
) -> dict[str, list[tuple[date, int]]]:
    day = _day(zone).label("day")
    query = (
        select(RejectedEvent.group_key, day, func.count())
        .where(*_conditions(tenant_id, chosen), _recent(), RejectedEvent.group_key.in_(groups))
        .group_by(RejectedEvent.group_key, day)
        .order_by(day)
    )
    found: dict[str, list[tuple[date, int]]] = {}
    for key, when, count in session.execute(query):
        found.setdefault(key, []).append((when, count))
    return found


def _group(row: Any, head: RejectRow, days: list[tuple[date, int]]) -> RejectGroup:
    return RejectGroup(
        key=row.group_key,
        code=head.code,
        event_name=head.event_name,
        problems=head.problems,
        events=row.events,
        first_at=row.first_at,
        last_at=row.last_at,
        newest_id=row.newest,
        sites=sorted(site for site in row.sites if site),
        days=days,
    )


def _rows(session: Session, query: Select[Any]) -> list[RejectRow]:
    return [RejectRow(*row) for row in session.execute(query)]
