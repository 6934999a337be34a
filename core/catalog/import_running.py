"""Runs an import: blocks prepared in processes of their own, each stored with its progress in one transaction."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import secrets
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalog.import_beside import Beside, beside, count_rows, each_when_ready
from core.catalog.import_reading import PARQUET, Block, Source, as_given, blocks, rows_of
from core.catalog.import_sinks import Prepared, Sink, Stored
from core.catalog.import_table import table_of
from core.db.session import dispose_engines, tenant_session
from core.errors import ConflictError

FIND = text("""
SELECT * FROM imports WHERE tenant_id = :tenant AND fingerprint = :fingerprint AND finished_at IS NULL
""")
BEGIN = text("""
INSERT INTO imports (tenant_id, kind, file_name, fingerprint)
VALUES (:tenant, :kind, :name, :fingerprint) RETURNING *
""")
TAKE = text("SELECT position FROM imports WHERE tenant_id = :tenant AND id = :id FOR UPDATE NOWAIT")
ADVANCE = text("""
UPDATE imports SET position = :position, line = :line, rows_read = :read, rows_new = :new, rows_changed = :changed,
  rows_known = :known, rows_rejected = :rejected, rejects_bytes = :bytes, updated_at = now()
WHERE tenant_id = :tenant AND id = :id
""")
LATER = text("SET LOCAL synchronous_commit = off")
FINISH = text("UPDATE imports SET finished_at = now() WHERE tenant_id = :tenant AND id = :id")
CHUNK = 1024 * 1024
SMALL_FILE = 512 * 1024
OUTGROWN = 4
"""Rows are counted again when an import has brought so many times as many as at the last count."""
AHEAD = 2
"""So many blocks per process are prepared before they can be stored."""


@dataclass(slots=True)
class Progress:
    """How far an import has come; ``position`` of ``size`` in the file's own units."""

    size: int
    position: int = 0
    line: int = 1
    read: int = 0
    new: int = 0
    changed: int = 0
    known: int = 0
    rejected: int = 0
    rejects_bytes: int = 0
    resumed_at: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One import to run. ``rejects`` is where refused rows go; ``processes`` 0 prepares in this process."""

    tenant_id: int
    source: Source
    sink: Sink
    rejects: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    processes: int = 0

    def fingerprint(self) -> str:
        """The same for the same file, kind, mapping and options."""
        digest = hashlib.sha256(repr((self.sink.kind, self.source.mapping, sorted(self.options.items()))).encode())
        with self.source.path.open("rb") as file:
            while part := file.read(CHUNK):
                digest.update(part)
        return digest.hexdigest()


def run_import(run: Run, tell: Callable[[Progress], None] = lambda _: None) -> Progress:
    """Import a file from where an interrupted run of the same file stopped; ``tell`` hears after each block.

    Raises `ConflictError` when another process imports the same file now. A dry run stores nothing.
    """
    progress = Progress(run.source.size)
    import_id = None if run.dry_run else _begin(run, progress)
    progress.resumed_at = progress.position
    before, counted = progress.read, 0
    count_rows((*run.sink.looked_up, *run.sink.fills))
    with _rejects_file(run, progress) as rejects, beside() as doing, _executor(run) as executor:
        for block, prepared in _ready(run, _prepared(run, executor, progress), doing):
            _store(run, import_id, block, prepared, progress, rejects)
            tell(progress)
            if progress.read - before >= OUTGROWN * counted:
                counted = progress.read - before
                doing.count_rows(run.sink.fills)
                # The first time it matters at once, and is done soon.
                if counted <= run.sink.rows:
                    doing.wait()
    if import_id is not None:
        with tenant_session(run.tenant_id) as session:
            session.execute(FINISH, {"tenant": run.tenant_id, "id": import_id})
    if progress.rejects_bytes == 0:
        run.rejects.unlink(missing_ok=True)
    return progress


def _begin(run: Run, progress: Progress) -> int:
    values = {"tenant": run.tenant_id, "fingerprint": run.fingerprint()}
    with tenant_session(run.tenant_id) as session:
        row = session.execute(FIND, values).one_or_none()
        if row is None:
            values |= {"kind": run.sink.kind, "name": run.source.path.name}
            row = session.execute(BEGIN, values).one()
    progress.position, progress.line = row.position, row.line
    progress.read, progress.new, progress.changed = row.rows_read, row.rows_new, row.rows_changed
    progress.known, progress.rejected, progress.rejects_bytes = row.rows_known, row.rows_rejected, row.rejects_bytes
    return int(row.id)


def _rejects_file(run: Run, progress: Progress) -> BinaryIO:
    """The rejects file, cut to what was committed with it; rows hold what people wrote, so only the owner reads it."""
    handle = os.open(run.rejects, os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(handle, "r+b")
    file.truncate(min(progress.rejects_bytes, os.fstat(handle).st_size))
    file.seek(0, os.SEEK_END)
    return file


def _executor(run: Run) -> AbstractContextManager[Executor | None]:
    # What fits into few blocks is done before other processes have started.
    few = run.sink.rows if run.source.format == PARQUET else SMALL_FILE
    if run.processes == 0 or run.source.size <= few:
        return nullcontext()
    # A fork has loaded everything already; reading Parquet has started threads, which no fork outlives.
    forks = sys.platform == "linux" and run.source.format != PARQUET
    context = multiprocessing.get_context("fork" if forks else "spawn")
    return ProcessPoolExecutor(run.processes, mp_context=context, initializer=_begin_preparing)


def _begin_preparing() -> None:
    """A process that prepares has its own connections, and must not outlive the import, however that ends."""
    dispose_engines()
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _prepared(run: Run, executor: Executor | None, progress: Progress) -> Iterator[tuple[Block, Prepared]]:
    """Blocks in order, prepared some ahead of being stored."""
    found = blocks(run.source, progress.position, progress.line, run.sink.rows)
    options = {**run.options, "run": secrets.token_hex(8)}
    if executor is None:
        for block in found:
            yield block, prepare_block(run.source, run.sink, run.tenant_id, block, options)
        return
    waiting: deque[tuple[Block, Future[Prepared]]] = deque()
    for block in found:
        job = executor.submit(prepare_block, run.source, run.sink, run.tenant_id, block, options)
        waiting.append((block, job))
        if len(waiting) > AHEAD * run.processes:
            first, done = waiting.popleft()
            yield first, done.result()
    while waiting:
        first, done = waiting.popleft()
        yield first, done.result()


def prepare_block(source: Source, sink: Sink, tenant_id: int, block: Block, options: Mapping[str, Any]) -> Prepared:
    """Read a block and prepare its rows; runs in any process."""
    raws: Iterable[tuple[int, Any]]
    if sink.prepare_table and (table := table_of(source, block)):
        prepared = sink.prepare_table(tenant_id, table, options)
        raws = zip(table.lines, table.records, strict=True)
    else:
        rows = list(rows_of(source, block))
        prepared = sink.prepare(tenant_id, rows, options)
        raws = ((row.line, row.raw) for row in rows)
    refused = {item.line for item in prepared.rejects}
    prepared.raws = {line: raw for line, raw in raws if line in refused} if refused else {}
    return prepared


def _ready(run: Run, blocks: Iterator[tuple[Block, Prepared]], doing: Beside) -> Iterator[tuple[Block, Prepared]]:
    """The blocks, each when it can be stored; a dry run keeps everything in the transaction it undoes."""
    ahead = run.sink.ahead
    if ahead is None or run.dry_run:
        return blocks

    def store_ahead(item: tuple[Block, Prepared]) -> None:
        with tenant_session(run.tenant_id) as session:
            session.execute(LATER)
            ahead(session, run.tenant_id, item[1].payload)

    return each_when_ready(blocks, store_ahead, doing)


def _store(
    run: Run, import_id: int | None, block: Block, prepared: Prepared, progress: Progress, rejects: BinaryIO
) -> None:
    with tenant_session(run.tenant_id) as session:
        # Not to wait for the disk after each block is safe: what a crash takes are the last blocks together with how
        # far they had come, so that the same rows are read again; the last transaction of an import does wait.
        session.execute(LATER)
        if import_id is not None:
            _take(session, run, import_id, block)
        stored = run.sink.store(session, run.tenant_id, prepared.payload, run.options)
        _count(progress, block, prepared, stored)
        progress.rejects_bytes += _tell_rejects(run, block, prepared, stored, rejects)
        if import_id is None:
            session.rollback()
        else:
            session.execute(ADVANCE, _values(run, import_id, progress))


def _take(session: Session, run: Run, import_id: int, block: Block) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - one error, met here alone

    try:
        position = session.scalar(TAKE, {"tenant": run.tenant_id, "id": import_id})
    except OperationalError:
        position = None
    if position is None or position not in {0, block.start}:
        raise ConflictError("another process imports the same file now; let it finish, or end it")


def _count(progress: Progress, block: Block, prepared: Prepared, stored: Stored) -> None:
    progress.position, progress.line = block.end, block.last_line + 1
    progress.read += prepared.rows
    progress.new += stored.new
    progress.changed += stored.changed
    progress.known += stored.known
    progress.rejected += len({item.line for item in (*prepared.rejects, *stored.rejects)})


def _values(run: Run, import_id: int, progress: Progress) -> dict[str, Any]:
    return {
        "tenant": run.tenant_id,
        "id": import_id,
        "position": progress.position,
        "line": progress.line,
        "read": progress.read,
        "new": progress.new,
        "changed": progress.changed,
        "known": progress.known,
        "rejected": progress.rejected,
        "bytes": progress.rejects_bytes,
    }


def _tell_rejects(run: Run, block: Block, prepared: Prepared, stored: Stored, file: BinaryIO) -> int:
    """Append refused rows, on disk before the transaction ends; returns how many bytes."""
    reasons: dict[int, list[dict[str, str]]] = {}
    for item in (*prepared.rejects, *stored.rejects):
        reasons.setdefault(item.line, []).extend(problem.as_dict() for problem in item.problems)
    if not reasons:
        return 0
    raws = prepared.raws
    if reasons.keys() - raws.keys():
        raws = {row.line: row.raw for row in rows_of(run.source, block) if row.line in reasons}
    data = b"".join(
        orjson.dumps({"line": line, "reasons": reasons[line], "row": as_given(run.source, raws[line])}) + b"\n"
        for line in sorted(reasons)
    )
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
    return len(data)
