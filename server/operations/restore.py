"""Restores a backup into an empty data directory, and proves that nothing is missing before saying so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg
import redis

from core.embedded.lock import DataDirLock
from core.embedded.paths import DataDir, open_data_dir
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.state import write_file
from core.embedded.valkey import EmbeddedValkey
from server import local_state
from server.operations import dump, manifest
from server.operations.backup import DATABASE, KEPT, STREAM, Announce
from server.operations.manifest import BackupError, Manifest

APPEND_ONLY_FOLDER = "appendonlydir"


def restore(source: Path, target: Path, announce: Announce = lambda _: lambda _: None) -> Manifest:
    """Restore into a directory that is empty or still to be made; on failure nothing is left there.

    Raises `BackupError` or another `EmbeddedServerError`.
    """
    source, target = source.expanduser().resolve(), target.expanduser().resolve()
    made = manifest.read(source)
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty. Restore into a new directory, look at it, then use it instead.")
    existed = target.exists()
    folder = open_data_dir(target)
    try:
        with DataDirLock(folder.root, "adrail restore"):
            _fill(source, folder, made, announce)
    except BaseException:
        for path in target.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not existed:
            target.rmdir()
        raise
    return made


def _fill(source: Path, folder: DataDir, made: Manifest, announce: Announce) -> None:
    for name in KEPT:
        if name in made.files:
            write_file(folder.root / name, (source / name).read_text("utf-8"), mode=0o600)
    local = folder.config / "postgresql.local.conf"
    if local.exists():
        local.chmod(0o644)  # the server's user reads it
    _refuse_missing_keys(folder, made)
    _place_stream(source / STREAM, folder)
    with EmbeddedPostgres(folder.root) as postgres, EmbeddedValkey(folder.root) as valkey:
        _compare("Valkey", made.waiting, _waiting(valkey.url(), made.waiting))
        _restore_database(source / DATABASE, folder, postgres.superuser_url, made, announce)


def _refuse_missing_keys(folder: DataDir, made: Manifest) -> None:
    from core.config import parse_master_keys  # noqa: PLC0415

    given = os.environ.get("ADRAIL_MASTER_KEYS") or local_state.secrets_of(folder)["ADRAIL_MASTER_KEYS"]
    missing = sorted(set(made.master_keys) - set(parse_master_keys(given)))
    if missing:
        raise BackupError(
            f"the backup's data is sealed under the master key {', '.join(missing)}, which it does not hold. "
            "Set ADRAIL_MASTER_KEYS as it was when the backup was made."
        )


def _place_stream(source: Path, folder: DataDir) -> None:
    place = folder.valkey / APPEND_ONLY_FOLDER
    place.mkdir(parents=True)
    for path in source.iterdir():
        shutil.copyfile(path, place / path.name)
        folder.hand_over(place / path.name, 0o600)
    folder.hand_over(place, 0o700)
    folder.hand_over(folder.valkey, 0o700)


def _restore_database(file: Path, folder: DataDir, url: str, made: Manifest, announce: Announce) -> None:
    from core.config import load_settings  # noqa: PLC0415 - complete only now
    from core.db.roles import ensure_roles  # noqa: PLC0415

    secrets = {"database_url": url, "redis_url": "redis://127.0.0.1", **_secrets(folder)}
    ensure_roles(load_settings(**secrets))
    dump.read_dump(folder, url, file, made.rows, announce(sum(made.rows.values())))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        _compare("the database", made.rows, dump.count_rows(connection))


def _secrets(folder: DataDir) -> dict[str, str]:
    names = {"ADRAIL_MASTER_KEYS": "master_keys", "ADRAIL_SECRET_KEY": "secret_key"}
    return {names[name]: os.environ.get(name) or value for name, value in local_state.secrets_of(folder).items()}


def _waiting(url: str, streams: Mapping[str, int]) -> dict[str, int]:
    with redis.Redis.from_url(url) as client:
        return {name: int(client.xlen(name)) for name in streams}


def _compare(where: str, expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    wrong = [
        f"{name} has {found.get(name, 0)} instead of {count}"
        for name, count in expected.items()
        if found.get(name) != count
    ]
    if wrong:
        raise BackupError(f"the restored copy of {where} differs: {'; '.join(wrong[:5])}. Use another backup.")
