"""One moment of PostgreSQL and Valkey together, found without stopping anything.

An accepted event is on the stream until the database has it, and an order's event is in the outbox until the stream has
it: copies of two moments, in either order, could miss one that travelled in between. So Valkey's writes are held up for
some milliseconds, in which a snapshot of the database is exported and the append-only files are linked. Whatever was
on its way is then in both copies, which does no harm: ids make it count once.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from core.embedded.child import wait_until
from core.embedded.paths import DataDir
from server.operations.manifest import BackupError

PAUSE_MS = 3_000
TRIES = 5
STREAMS = "adrail:events:*"


@dataclass(frozen=True, slots=True)
class Cut:
    """``snapshot`` is PostgreSQL's name of the moment; ``files``: linked append-only files, how far each is of it."""

    snapshot: str
    database: psycopg.Connection[tuple[Any, ...]]
    files: dict[Path, int]
    waiting: dict[str, int]
    held_seconds: float


@contextmanager
def cut(database_url: str, redis_url: str, data_dir: DataDir) -> Iterator[Cut]:
    """Take the moment; it lasts until the block is left. Raises `BackupError` when it cannot be taken."""
    links = data_dir.valkey / f".backup-{os.getpid()}"
    with psycopg.connect(database_url) as database, redis.Redis.from_url(redis_url, socket_timeout=10) as valkey:
        database.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        folder = _append_only_folder(valkey, data_dir)
        links.mkdir(mode=0o700)
        try:
            yield _take(database, valkey, folder, links)
        finally:
            shutil.rmtree(links)
            database.rollback()


def copy_files(taken: Cut, target: Path) -> None:
    """Copy the append-only files as they were at the moment."""
    target.mkdir(parents=True)
    for link, size in taken.files.items():
        with link.open("rb") as source, (target / link.name).open("wb") as copy:
            left = size
            while left and (part := source.read(min(left, 1 << 20))):
                copy.write(part)
                left -= len(part)
            os.fsync(copy.fileno())


def _append_only_folder(valkey: redis.Redis, data_dir: DataDir) -> Path:
    found: Any = valkey.config_get("dir", "appenddirname", "appendonly")
    if Path(found["dir"]) != data_dir.valkey or found["appendonly"] != "yes":
        raise BackupError(
            f"the Valkey in use is not the embedded one of {data_dir.root}. Back up servers of your own with their own "
            "tools; docs/how-to/back-up.md says how."
        )
    return data_dir.valkey / str(found["appenddirname"])


def _take(database: psycopg.Connection[tuple[Any, ...]], valkey: redis.Redis, folder: Path, links: Path) -> Cut:
    database.execute("SELECT 1")  # connected before anything is held up
    database.rollback()
    started = time.monotonic()
    valkey.client_pause(PAUSE_MS, all=False)
    try:
        if not wait_until(lambda: _is_written(valkey), PAUSE_MS / 1000 - 1):
            raise BackupError("Valkey does not get its append-only file written. Is the disk slow or full?")
        row = database.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - a function always answers
        files = _link(folder, links)
        waiting = {name.decode(): int(valkey.xlen(name)) for name in valkey.scan_iter(STREAMS, _type="stream")}
        held = time.monotonic() - started
    finally:
        valkey.client_unpause()
    if held * 1000 > PAUSE_MS:
        raise BackupError(
            f"the moment could not be held: it took {held:.1f} s. Try again when the machine is less busy."
        )
    return Cut(str(row[0]), database, files, waiting, held)


def _is_written(valkey: redis.Redis) -> bool:
    return int(dict(valkey.info("persistence")).get("aof_buffer_length", 0)) == 0


def _link(folder: Path, links: Path) -> dict[Path, int]:
    """Link every file that the manifest names: a rewrite replaces files, but nobody changes what is linked."""
    for _ in range(TRIES):
        with suppress(FileNotFoundError):  # a rewrite ended between reading and linking; the new files say the same
            return _link_as_listed(folder, links)
    raise BackupError("Valkey keeps replacing its append-only file. Try again in a minute.")


def _link_as_listed(folder: Path, links: Path) -> dict[Path, int]:
    for path in links.iterdir():
        path.unlink()
    (manifest,) = folder.glob("*.manifest")
    listed = [line for line in manifest.read_text("ascii").splitlines() if not line.endswith(" type h")]
    text = "".join(f"{line}\n" for line in listed)
    (links / manifest.name).write_text(text, "ascii")
    files = {links / manifest.name: len(text)}
    for line in listed:
        words = line.split()
        link = links / words[words.index("file") + 1]
        link.hardlink_to(folder / link.name)
        files[link] = link.stat().st_size
    return files
