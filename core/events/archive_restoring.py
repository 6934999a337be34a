"""Brings archived months back, checks what the archive holds, and makes it forget visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from core.db.partitions import make_room_for
from core.db.session import maintainer_session
from core.errors import ConflictError, NotFoundError
from core.events.archive_columns import LINKED, NAMED, PERSON, SESSION, VISITOR, kind_of
from core.events.archive_errors import ArchiveError
from core.events.archive_files import Facts, Place, place, read_facts, scratch, write_wire
from core.events.archive_months import Month, TenantMonth, alone
from core.events.archive_writing import PATIENCE
from core.events.models import TrackingEvent

KEEP = text("""
UPDATE event_archive_parts SET kept_until = greatest(kept_until, :until)
WHERE tenant_id = :tenant AND month = :month AND state <> 'writing' RETURNING id
""")
PARTS = """
SELECT p.id, p.tenant_id, t.slug, p.month, p.path, p.state, p.rows, p.checksum, p.sha256, p.bytes, p.archived_at,
       p.kept_until
FROM event_archive_parts p JOIN tenants t ON t.id = p.tenant_id
WHERE p.state <> 'writing' AND (cast(:tenant AS bigint) IS NULL OR p.tenant_id = :tenant)
  AND (cast(:month AS date) IS NULL OR p.month = :month) {only}
ORDER BY p.tenant_id, p.month, p.id
"""
RETURNED = text("UPDATE event_archive_parts SET state = 'restored', restored_at = now() WHERE id = :id")
# Links may have changed while the events were away.
STALE = text("""
INSERT INTO tx_stale_visitors (tenant_id, visitor_id)
SELECT DISTINCT r.tenant_id, r.subject FROM pg_temp.returning_events w
JOIN archive_references r ON r.tenant_id = :tenant AND r.reference = w.visitor_ref::uuid
WHERE EXISTS (SELECT 1 FROM tx_identity_links l WHERE l.tenant_id = :tenant AND l.visitor_id = r.subject)
""")
DROP_REFERENCES = text("""
DELETE FROM archive_references WHERE tenant_id = :tenant AND (
  (kind = 'visitor' AND subject = ANY(cast(:visitors AS text[])))
  OR (kind = 'session' AND subject = ANY(cast(:sessions AS text[]))))
""")

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PartView:
    """A file of the archive, as the manifest has it."""

    id: int
    tenant_id: int
    slug: str
    month: Month
    path: str
    state: str
    facts: Facts
    archived_at: datetime
    kept_until: datetime | None


def archived_parts(*, tenant_id: int | None = None, month: Month | None = None) -> list[PartView]:
    """The archive's files, by marketplace and month."""
    with maintainer_session() as session:
        return [_view(row) for row in _parts(session, tenant_id, month)]


def _parts(session: Session, tenant_id: int | None, month: Month | None, only: str = "") -> Sequence[Row[Any]]:
    return session.execute(
        text(PARTS.format(only=only)), {"tenant": tenant_id, "month": month.first if month else None}
    ).all()


def _view(row: Row[Any]) -> PartView:
    facts = Facts(row.rows, row.checksum, row.sha256, row.bytes)
    return PartView(
        row.id,
        row.tenant_id,
        row.slug,
        Month.of(row.month),
        row.path,
        row.state,
        facts,
        row.archived_at,
        row.kept_until,
    )


def verify_part(part: PartView) -> str | None:
    """Read a file where it is and compare it with the manifest; returns what is wrong with it."""
    with scratch() as folder:
        try:
            _fetch(place(), part, folder / "part.parquet")
        except ArchiveError as exc:
            return exc.detail
    return None


def restore_month(item: TenantMonth, until: datetime, progress: Progress = lambda _: None) -> Iterator[int]:
    """Put a month's archived rows back for every query, yielding rows per part; no run takes them before ``until``.

    May be stopped and repeated: a part is back as a whole or not at all. Raises `NotFoundError` when nothing of the
    month is archived, `ConflictError` while somebody else works on this marketplace's archive, `ArchiveError`.
    """
    store = place()
    with alone(item.tenant_id) as free:
        if not free:
            raise ConflictError(
                f"the archive of {item.slug} is being worked on; try again in some minutes", code="busy"
            )
        with maintainer_session() as session:
            if not session.execute(KEEP, {**item.values(), "until": until}).all():
                raise NotFoundError(f"nothing of {item.slug} {item.month} is in the archive")
            parts = [_view(row) for row in _parts(session, item.tenant_id, item.month, "AND p.state = 'archived'")]
        make_room_for(item.month.start)
        for part in parts:
            with scratch() as folder:
                _fetch(store, part, folder / "part.parquet")
                _put_back(part, folder / "part.parquet", folder / "wire.csv")
            progress(part.facts.rows)
            yield part.facts.rows


def _fetch(store: Place, part: PartView, local: Path) -> None:
    """Fetch a part's file; raises `ArchiveError` unless it is, to the byte, what was written."""
    store.get(part.path, local)
    found = read_facts(local)
    for name in ("bytes", "sha256", "rows", "checksum"):
        if getattr(found, name) != getattr(part.facts, name):
            told = f"{getattr(found, name)} instead of {getattr(part.facts, name)}"
            raise ArchiveError(f"{part.path} is not what was written: {name} {told}")


def _put_back(part: PartView, file: Path, wire: Path) -> None:
    columns = write_wire(file, wire)
    with maintainer_session() as session:
        session.execute(PATIENCE)
        typed = ", ".join(f"{name} text" for name in columns)
        session.execute(text(f"CREATE TEMPORARY TABLE returning_events ({typed}) ON COMMIT DROP"))
        raw = session.connection().connection.cursor()
        copying = "COPY pg_temp.returning_events FROM STDIN (FORMAT csv, NULL '\\N')"
        with wire.open("rb") as opened, raw.copy(copying) as copy:
            while block := opened.read(1024 * 1024):
                copy.write(block)
        session.execute(text(_insert(columns)), {"tenant": part.tenant_id})
        session.execute(STALE, {"tenant": part.tenant_id})
        session.execute(RETURNED, {"id": part.id})


def _insert(columns: Sequence[str]) -> str:
    """INSERT of the returning rows; whom a reference stood for is looked up, who was forgotten stays nobody."""
    known = {item.name: kind_of(item).from_wire for item in TrackingEvent.__table__.columns}
    values = {name: known[name].format(f"w.{name}") for name in columns if name in known}
    values |= {
        "visitor_id": "v.subject",
        "session_id": "s.subject",
        "person_external_id": f"CASE WHEN w.{NAMED}::boolean THEN n.external_id END",
        "person_id": f"CASE WHEN w.{LINKED}::boolean THEN coalesce(n.root_id, n.id) END",
    }
    return f"""
INSERT INTO tx_events ({", ".join(values)})
SELECT {", ".join(values.values())} FROM pg_temp.returning_events w
LEFT JOIN persons n ON n.tenant_id = :tenant AND n.person_ref = w.{PERSON}::uuid
LEFT JOIN archive_references v ON v.tenant_id = :tenant AND v.reference = w.{VISITOR}::uuid
LEFT JOIN archive_references s ON s.tenant_id = :tenant AND s.reference = w.{SESSION}::uuid
ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of our own columns


def forget_archived(session: Session, tenant_id: int, *, visitors: Sequence[str], sessions: Sequence[str]) -> None:
    """Let nobody find these visitors and visits in the archive any more; its files stay as they are.

    For persons the catalogue has a function that calls this one.
    """
    session.execute(DROP_REFERENCES, {"tenant": tenant_id, "visitors": list(visitors), "sessions": list(sessions)})
