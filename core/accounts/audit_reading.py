"""Reading the audit log: filtered pages, and everything as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select, text, tuple_
from sqlalchemy.orm import Session

from core.accounts.audit_names import Names, names_of
from core.accounts.models import AuditEntry
from core.accounts.service import Actor
from core.db.session import tenant_session
from core.errors import ForbiddenError
from core.paging import Page, clamp, decode_cursor, encode_cursor

VIEW = "view_audit"
STREAM_PAGE, MOST_CHOICES = 1000, 500

# Jumps from one value to the next in the index: as many steps as values, however many entries.
DISTINCT = """
    WITH RECURSIVE found AS (
      (SELECT {column} AS value FROM audit_log WHERE tenant_id = :tenant ORDER BY {column} LIMIT 1)
      UNION ALL
      SELECT (SELECT {column} FROM audit_log WHERE tenant_id = :tenant AND {column} > found.value
              ORDER BY {column} LIMIT 1)
      FROM found WHERE found.value IS NOT NULL)
    SELECT value FROM found WHERE value IS NOT NULL LIMIT :most"""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: by whom, what was done, when (``until`` excluded), to what. Empty means any."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry; the names are those of today, None for what is gone or has none."""

    id: int
    at: datetime
    actor: str
    actor_name: str | None
    action: str
    subject: str
    subject_name: str | None
    detail: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class AuditChoices:
    """What one can filter by: actors with names, and actions."""

    actors: tuple[tuple[str, str | None], ...]
    actions: tuple[str, ...]


def require_auditor(actor: Actor) -> None:
    """Raise `ForbiddenError` for everybody but the marketplace's administrators, and its keys that may look."""
    wanted = VIEW if actor.kind == "key" else "admin"
    if wanted not in actor.permissions or actor.organizer_id is not None:
        raise ForbiddenError("only administrators of the marketplace see its audit log", code="permission_missing")


def list_audit(
    actor: Actor, chosen: AuditFilter | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[AuditLine]:
    """Entries of the marketplace, newest first. Raises `ForbiddenError`."""
    require_auditor(actor)
    size = clamp(limit)
    before = decode_cursor(cursor, datetime, int)
    with tenant_session(actor.tenant_id) as session:
        rows = list(session.scalars(_query(actor, chosen or AuditFilter(), before).limit(size + 1)))
        lines = _lines(session, rows[:size])
    return Page(lines, encode_cursor(lines[-1].at, lines[-1].id) if len(rows) > size else None)


def stream_audit(actor: Actor, chosen: AuditFilter | None = None) -> Iterator[AuditLine]:
    """Every entry, newest first, a thousand at a time in transactions of their own. Raises `ForbiddenError` at once."""
    require_auditor(actor)
    return _stream(actor, chosen or AuditFilter())


def _stream(actor: Actor, chosen: AuditFilter) -> Iterator[AuditLine]:
    before: tuple[Any, ...] | None = None
    while True:
        with tenant_session(actor.tenant_id) as session:
            lines = _lines(session, list(session.scalars(_query(actor, chosen, before).limit(STREAM_PAGE))))
        yield from lines
        if len(lines) < STREAM_PAGE:
            return
        before = (lines[-1].at, lines[-1].id)


def audit_choices(actor: Actor) -> AuditChoices:
    """What the marketplace's log can be filtered by. Raises `ForbiddenError`."""
    require_auditor(actor)
    with tenant_session(actor.tenant_id) as session:
        actors, actions = (_distinct(session, actor.tenant_id, column) for column in ("actor", "action"))
        names = names_of(session, actors)
    named = sorted(
        ((label, names.get(label)) for label in actors), key=lambda item: (item[1] is None, item[1] or "", item[0])
    )
    return AuditChoices(tuple(named), tuple(actions))


def _distinct(session: Session, tenant_id: int, column: str) -> list[str]:
    query = text(DISTINCT.format(column=column))
    return list(session.scalars(query, {"tenant": tenant_id, "most": MOST_CHOICES}))


def _query(actor: Actor, chosen: AuditFilter, before: tuple[Any, ...] | None) -> Select[AuditEntry]:
    wanted: list[ColumnElement[bool]] = [AuditEntry.tenant_id == actor.tenant_id]
    for column, value in (
        (AuditEntry.actor, chosen.actor),
        (AuditEntry.action, chosen.action),
        (AuditEntry.subject, chosen.subject),
    ):
        if value:
            wanted.append(column == value.replace("\0", ""))
    if chosen.since:
        wanted.append(AuditEntry.at >= chosen.since)
    if chosen.until:
        wanted.append(AuditEntry.at < chosen.until)
    if before:
        wanted.append(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(*before))
    return select(AuditEntry).where(*wanted).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _lines(session: Session, rows: list[AuditEntry]) -> list[AuditLine]:
    names: Names = names_of(session, [label for row in rows for label in (row.actor, row.subject)])
    return [
        AuditLine(
            row.id,
            row.at,
            row.actor,
            names.get(row.actor),
            row.action,
            row.subject,
            names.get(row.subject),
            row.detail,
            row.hash,
        )
        for row in rows
    ]
