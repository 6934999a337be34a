"""Moves old events into the archive: a part is written, read back, compared, and only then deleted where it was.

A part is the next rows in the order of their ids. It is a row of the manifest before its file is begun, so whatever a
killed process left is found and cleared; its rows are deleted in the transaction that calls it archived, and only if
they are, to the byte, what the file holds.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.db.session import maintainer_session
from core.events.archive_columns import checksum_of_wire, projection
from core.events.archive_errors import ArchiveError
from core.events.archive_files import Facts, Place, place, read_facts, scratch, write_parquet
from core.events.archive_months import TenantMonth, alone, is_kept

PART_ROWS = 100_000
TRIES = 3
# Whole parts are joined with tables that grew a moment ago, of which the planner knows nothing yet: row by row that
# takes minutes instead of a second.
PATIENCE = text("SET LOCAL statement_timeout = '10min'; SET LOCAL enable_nestloop = off")
IN_MONTH = "e.tenant_id = :tenant AND e.occurred_at >= :first AND e.occurred_at < :next"
LAST = text(f"""
SELECT event_id, trusted FROM (
  SELECT e.event_id, e.trusted FROM tx_events e WHERE {IN_MONTH} ORDER BY e.event_id, e.trusted LIMIT :most
) AS part ORDER BY event_id DESC, trusted DESC LIMIT 1
""")  # noqa: S608 - a constant of this module
REFERENCES = text(f"""
INSERT INTO archive_references (tenant_id, kind, subject)
SELECT DISTINCT e.tenant_id, k.kind, k.subject
FROM tx_events e, LATERAL (VALUES ('visitor', e.visitor_id), ('session', e.session_id)) AS k(kind, subject)
WHERE {IN_MONTH} AND (e.event_id, e.trusted) <= (:event, :trusted) AND k.subject IS NOT NULL
ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
""")  # noqa: S608 - a constant of this module
NEW = text("""
INSERT INTO event_archive_parts (tenant_id, month, path, state) VALUES (:tenant, :month, :path, 'writing') RETURNING id
""")
LEFT_OVER = text("""
SELECT id, path FROM event_archive_parts WHERE tenant_id = :tenant AND month = :month AND state = 'writing'
""")
REPLACED = text("""
SELECT id, path FROM event_archive_parts WHERE tenant_id = :tenant AND month = :month AND state = 'restored'
""")
FORGET = text("DELETE FROM event_archive_parts WHERE id = :id")
TAKE = text(f"""
WITH gone AS (
  DELETE FROM tx_events e WHERE {IN_MONTH} AND (e.event_id, e.trusted) <= (:event, :trusted) RETURNING e.*
), wire AS ({projection("gone")})
{checksum_of_wire("wire")}
""")  # noqa: S608 - constants of this module
DONE = text("""
UPDATE event_archive_parts SET state = 'archived', rows = :rows, checksum = :checksum, sha256 = :sha256,
  bytes = :bytes, archived_at = now() WHERE id = :id
""")
ROWS = text(f"SELECT count(*) FROM tx_events e WHERE {IN_MONTH}")  # noqa: S608 - a constant of this module

Progress = Callable[[int], None]


class _ChangedError(Exception):
    """Rows changed between writing and deleting them; the part is written anew."""


@dataclass(frozen=True, slots=True)
class _Part:
    id: int
    path: str
    values: dict[str, Any]


def count_month(item: TenantMonth) -> int:
    """How many rows a month has in the database."""
    with maintainer_session() as session:
        session.execute(PATIENCE)
        return int(session.scalar(ROWS, item.values()) or 0)


def archive_month(item: TenantMonth, progress: Progress = lambda _: None) -> Iterator[int]:
    """Archive a month part by part, yielding rows per part; stop between parts whenever you like.

    Yields nothing when somebody else works on this marketplace's archive, or the month is to stay for now.
    Raises `ArchiveError`.
    """
    store = place()
    with alone(item.tenant_id) as free:
        # Somebody may have brought it back since it was found to be due.
        if not free or is_kept(item):
            return
        _clear(store, item, LEFT_OVER)
        while rows := _next_part(store, item):
            progress(rows)
            yield rows
        # Their rows went into new parts, as they are now.
        _clear(store, item, REPLACED)


def _next_part(store: Place, item: TenantMonth) -> int:
    for _ in range(TRIES):
        part = _begin(item)
        if part is None:
            return 0
        facts = _write(store, part)
        try:
            _finish(part, facts)
        except _ChangedError:
            _clear(store, item, LEFT_OVER)
        else:
            return facts.rows
    raise ArchiveError(f"{item.slug} {item.month}: its events change while they are archived; try again later")


def _begin(item: TenantMonth) -> _Part | None:
    with maintainer_session() as session:
        session.execute(PATIENCE)
        last = session.execute(LAST, {**item.values(), "most": PART_ROWS}).one_or_none()
        if last is None:
            return None
        values = {**item.values(), "event": last.event_id, "trusted": last.trusted}
        session.execute(REFERENCES, values)
        path = f"tenant={item.tenant_id}/month={item.month}/part-{secrets.token_hex(8)}.parquet"
        return _Part(int(session.scalar(NEW, {**item.values(), "path": path}) or 0), path, values)


def _write(store: Place, part: _Part) -> Facts:
    """Write the part's file, read it back from where it is now, and compare it with the database."""
    with scratch() as folder:
        wire, made, back = folder / "wire.csv", folder / "made.parquet", folder / "back.parquet"
        with maintainer_session() as session:
            session.execute(PATIENCE)
            _copy_out(session, part.values, wire)
        write_parquet(wire, made)
        wire.unlink()
        store.put(made, part.path)
        store.get(part.path, back)
        return read_facts(back)


def _copy_out(session: Session, values: dict[str, Any], target: Path) -> None:
    source = """(SELECT * FROM tx_events e WHERE e.tenant_id = {tenant} AND e.occurred_at >= {first}
      AND e.occurred_at < {next} AND (e.event_id, e.trusted) <= ({event}, {trusted}))"""
    query = f"COPY ({projection(source)}) TO STDOUT (FORMAT csv, FORCE_QUOTE *, NULL '\\N')"
    literals = {name: sql.Literal(value) for name, value in values.items()}
    raw = session.connection().connection.cursor()
    with raw.copy(sql.SQL(query).format(**literals)) as copy, target.open("wb") as file:
        for block in copy:
            file.write(block)


def _finish(part: _Part, facts: Facts) -> None:
    """Delete the part's rows if they are exactly what its file holds; both or nothing."""
    with maintainer_session() as session:
        session.execute(PATIENCE)
        taken = session.execute(TAKE, part.values).one()
        if (taken.rows, taken.checksum) != (facts.rows, facts.checksum):
            raise _ChangedError
        values = {"rows": facts.rows, "checksum": facts.checksum, "sha256": facts.sha256, "bytes": facts.bytes}
        session.execute(DONE, {**values, "id": part.id})


def _clear(store: Place, item: TenantMonth, which: Any) -> None:
    with maintainer_session() as session:
        found = session.execute(which, item.values()).all()
    for row in found:
        store.remove(row.path)
        with maintainer_session() as session:
            session.execute(FORGET, {"id": row.id})
