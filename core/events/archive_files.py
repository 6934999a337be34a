"""The archive's files: Parquet written and read by DuckDB, kept wherever fsspec can keep files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import settings
from core.events.archive_columns import MOMENT, archived_columns, line
from core.events.archive_errors import ArchiveError, told

LONGEST_ROW = 32 * 1024 * 1024
MEMORY = "512MB"
# How a type of the file becomes text again; everything else is written by DuckDB as PostgreSQL does.
WIRE = {"VARCHAR": "{}", "TIMESTAMP WITH TIME ZONE": MOMENT.from_file}
BLOCK = 1024 * 1024
SCRATCH = "adrail-archive-"
STALE_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies a file and its rows."""

    rows: int
    checksum: str
    sha256: str
    bytes: int


class Place:
    """Where the archive's files are; paths are relative to it."""

    def __init__(self, url: str) -> None:
        # Web processes import this module and need neither library.
        import fsspec  # type: ignore[import-untyped]  # noqa: PLC0415

        with told("reached by ADRAIL_ARCHIVE_URL"):
            self._files, self._root = fsspec.core.url_to_fs(url)

    def put(self, local: Path, path: str) -> None:
        """Store a file; it is on the disk, or wherever it goes, when this returns."""
        with told("written"):
            target = self._full(path)
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(local), target)
            if "file" in self._protocols():
                _settle(Path(target), Path(self._root))

    def get(self, path: str, local: Path) -> None:
        """Fetch a file; raises `ArchiveError` when it is not there."""
        with told("read"):
            self._files.get_file(self._full(path), str(local))

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with told("removed"), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._full(path))

    def probe(self) -> None:
        """Write, read and remove a small file; raises `ArchiveError` when that does not work."""
        name, text = f"probe-{secrets.token_hex(8)}", b"adrail"
        with told("used"):
            self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(self._full(name), text)
            read = self._files.cat_file(self._full(name))
            self._files.rm_file(self._full(name))
        if read != text:
            raise ArchiveError("what is written to the archive reads back differently")

    def _protocols(self) -> tuple[str, ...]:
        named = self._files.protocol
        return (named,) if isinstance(named, str) else tuple(named)

    def _full(self, path: str) -> str:
        return f"{self._root.rstrip('/')}/{path}"


def place() -> Place:
    """The archive's place of this installation; raises `ArchiveError` when none is set."""
    url = settings().archive_url
    if not url:
        raise ArchiveError("there is no archive yet: set ADRAIL_ARCHIVE_URL, such as /var/lib/adrail/archive or s3://…")
    return Place(url)


def probe_archive() -> None:
    """Try whether the archive can be used; raises `ArchiveError` that says what is wrong."""
    place().probe()


def _settle(path: Path, root: Path) -> None:
    """Have a file on the disk, and every name on the way to it: the rows it holds are about to be deleted."""
    folders = [parent for parent in path.parents if parent.is_relative_to(root)]
    for item in (path, *folders):
        _sync(item)
    # The root's own name. Whoever made the root for us may not let us look where it is.
    with contextlib.suppress(PermissionError):
        _sync(root.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is on its way, gone afterwards; what killed processes left long ago goes as well."""
    for left in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as name:
        yield Path(name)


def write_parquet(wire: Path, target: Path) -> None:
    """Make a Parquet file of rows in their wire form (CSV), oldest first; raises `ArchiveError`."""
    columns = archived_columns()
    given = ", ".join(f"'{item.name}': 'VARCHAR'" for item in columns)
    typed = ", ".join(f"{item.kind.to_file.format(item.name)} AS {item.name}" for item in columns)
    with told("written"), _duckdb(target.parent) as reader:
        reader.execute(
            f"COPY (SELECT {typed} FROM read_csv({_quoted(wire)}, columns = {{{given}}}, auto_detect = false,"  # noqa: S608
            f" header = false, delim = ',', quote = '\"', escape = '\"', nullstr = '\\N', allow_quoted_nulls = false,"
            f" parallel = false, max_line_size = {LONGEST_ROW}) ORDER BY occurred_at, event_id)"
            f" TO {_quoted(target)} (FORMAT parquet, COMPRESSION zstd)"
        )


def read_facts(file: Path) -> Facts:
    """Read a whole file: its rows, their checksum, and the file's own; raises `ArchiveError` for what is no Parquet."""
    with told("read"), _duckdb(file.parent) as reader:
        text = line(list(_wire_of(reader, file).values()))
        found = reader.execute(
            f"SELECT count(*), coalesce(sum(('0x' || substr(md5({text}), 1, 15))::BIGINT), 0)::VARCHAR"  # noqa: S608
            f" FROM read_parquet({_quoted(file)})"
        ).fetchone()
    rows, checksum = found or (0, "0")
    return Facts(int(rows), str(checksum), digest(file), file.stat().st_size)


def write_wire(file: Path, target: Path) -> list[str]:
    """Turn a Parquet file into rows in their wire form (CSV); returns the columns it has."""
    with told("read"), _duckdb(file.parent) as reader:
        columns = _wire_of(reader, file)
        reader.execute(
            f"COPY (SELECT {', '.join(columns.values())} FROM read_parquet({_quoted(file)})) TO {_quoted(target)}"  # noqa: S608
            " (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '\\N')"
        )
    return list(columns)


def _wire_of(reader: Any, file: Path) -> dict[str, str]:
    """Column → its wire form, as the file itself tells: one from another version has other columns."""
    found = reader.execute(f"DESCRIBE SELECT * FROM read_parquet({_quoted(file)})").fetchall()  # noqa: S608
    return {str(name): WIRE.get(str(kind), "{}::VARCHAR").format(name) for name, kind, *_ in found}


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    made = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            made.update(block)
    return made.hexdigest()


@contextmanager
def _duckdb(folder: Path) -> Iterator[Any]:
    """A reader of its own; what does not fit into its memory goes into ``folder`` for a while."""
    import duckdb  # noqa: PLC0415 - as above

    options: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": MEMORY,
        "temp_directory": str(folder),
    }
    connection = duckdb.connect(":memory:", config=options)
    try:
        yield connection
    finally:
        connection.close()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
