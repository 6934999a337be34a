"""Backs up what `adrail up` keeps, while it runs or not: database, stream, secrets, all of one moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
import redis

from core.embedded.errors import DataDirInUseError
from core.embedded.lock import DataDirLock
from core.embedded.paths import DataDir
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey
from server.operations import dump, manifest
from server.operations.cut import copy_files, cut
from server.operations.installation import existing_data_dir, running_facts
from server.operations.manifest import BackupError, Manifest

DATABASE, STREAM = "database.dump", "valkey"
KEPT = ("secrets.json", "demo.json", "demo.shown", "config/postgresql.local.conf")
"""Small files of the data directory that belong to its data."""
KEYS = "SELECT DISTINCT convert_from(substring(wrapped_key from 2 for get_byte(wrapped_key, 0)), 'UTF8') FROM data_keys"

Announce = Callable[[int], Callable[[int], None]]
"""Told how many rows there are, returns what to call with each number of rows that is done."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a backup holds, and for how long it held up Valkey's writes."""

    folder: Path
    manifest: Manifest
    held_seconds: float


def back_up(target: Path, data_dir: Path | None, announce: Announce = lambda _: lambda _: None) -> Made:
    """Write a backup into a new folder; half of one never stands there. Raises `BackupError` or `DataDirError`."""
    folder, target = existing_data_dir(data_dir), target.expanduser().resolve()
    if target.exists():
        raise BackupError(f"{target} exists already. Name a folder that is still to be made.")
    fresh = target.with_name(f".{target.name}.unfinished")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    try:
        with _servers(folder) as (database_url, redis_url):
            made, held = _write(fresh, folder, database_url, redis_url, announce)
        fresh.replace(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return Made(target, made, held)


@contextmanager
def _servers(folder: DataDir) -> Iterator[tuple[str, str]]:
    """The addresses of the servers of `adrail up`; when it does not run, they are started for this."""
    with ExitStack() as stack:
        try:
            stack.enter_context(DataDirLock(folder.root, "adrail backup"))
        except DataDirInUseError:
            facts = running_facts(folder)
            yield facts["database_url"], facts["redis_url"]
            return
        if not folder.postgres.is_dir() or not folder.valkey.is_dir():
            raise BackupError(f"{folder.root} holds no database: nothing was ever run there with embedded servers.")
        postgres = stack.enter_context(EmbeddedPostgres(folder.root))
        valkey = stack.enter_context(EmbeddedValkey(folder.root))
        yield postgres.superuser_url, valkey.url()


def _write(
    fresh: Path, folder: DataDir, database_url: str, redis_url: str, announce: Announce
) -> tuple[Manifest, float]:
    _refuse_foreign(database_url, folder)
    for name in KEPT:
        if (folder.root / name).exists():
            (fresh / name).parent.mkdir(exist_ok=True)
            shutil.copy2(folder.root / name, fresh / name)
    with cut(database_url, redis_url, folder) as taken:
        copy_files(taken, fresh / STREAM)
        rows = dump.count_rows(taken.database)
        progress = announce(sum(rows.values()))
        dump.write_dump(folder, database_url, taken.snapshot, fresh / DATABASE, rows, progress)
        made = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            adrail=version("adrail-server"),
            revision=str(_one(taken.database, "SELECT version_num FROM alembic_version")),
            postgres=str(_one(taken.database, "SHOW server_version")),
            valkey=_valkey_version(redis_url),
            master_keys=sorted(str(name) for (name,) in taken.database.execute(KEYS).fetchall()),
            rows=rows,
            waiting=taken.waiting,
            files=manifest.digests(fresh),
        )
    manifest.write(fresh, made)
    _settle(fresh)
    return made, taken.held_seconds


def _refuse_foreign(database_url: str, folder: DataDir) -> None:
    with psycopg.connect(database_url) as connection:
        place = str(_one(connection, "SHOW data_directory"))
    if Path(place) != folder.postgres:
        raise BackupError(
            f"the PostgreSQL in use is not the embedded one of {folder.root}. Back up servers of your own with their "
            "own tools; docs/how-to/back-up.md says how."
        )


def _one(connection: psycopg.Connection[tuple[Any, ...]], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def _valkey_version(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url) as client:
        info: Any = client.info("server")
    return str(info.get("valkey_version") or info["redis_version"])


def _settle(folder: Path) -> None:
    """Have everything on the disk before the backup gets its name, readable by its owner alone."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
