"""Runs the PostgreSQL programs that write a database into a file and back, with their progress."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from core.embedded.binaries import postgres_binaries
from core.embedded.paths import DataDir
from server.operations.manifest import BackupError

Progress = Callable[[int], None]
"""Called with how many more rows are done."""
STARTS_TABLE = re.compile(r"(?:dumping contents of|processing data for) table \"public\.(\w+)\"")
COMPRESSION = "gzip:1"  # the packaged pg_dump knows no other

# A partitioned table's rows are its partitions' own.
TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""


def count_rows(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Rows of every table, as this transaction sees them."""
    names = [str(name) for (name,) in connection.execute(TABLES).fetchall()]
    return {name: _count(connection, name) for name in names}


def _count(connection: psycopg.Connection[tuple[object, ...]], table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(str(row[0])) if row else 0


def write_dump(
    data_dir: DataDir, url: str, snapshot: str, file: Path, rows: Mapping[str, int], progress: Progress
) -> None:
    """Write the database as a snapshot shows it; raises `BackupError` with what the program said."""
    options = ["--format=custom", f"--compress={COMPRESSION}", f"--snapshot={snapshot}", f"--file={file}", "--verbose"]
    _run(_command(data_dir, "pg_dump", url, options), url, rows, progress)


def read_dump(data_dir: DataDir, url: str, file: Path, rows: Mapping[str, int], progress: Progress) -> None:
    """Fill an empty database from a dump; raises `BackupError` with what the program said."""
    options = ["--exit-on-error", "--verbose", str(file)]
    _run(_command(data_dir, "pg_restore", url, options), url, rows, progress)


def _command(data_dir: DataDir, program: str, url: str, options: Sequence[str]) -> list[str]:
    parts = make_url(url)
    place = [
        f"--host={parts.host}",
        f"--port={parts.port}",
        f"--username={parts.username}",
        f"--dbname={parts.database}",
    ]
    path = postgres_binaries(data_dir).postgres.with_name(program)
    if not path.is_file():
        raise BackupError(f"{path} does not exist: the installed PostgreSQL package brings no {program}.")
    return [str(path), *place, "--no-password", *options]


def _run(command: Sequence[str], url: str, rows: Mapping[str, int], progress: Progress) -> None:
    # Anybody may read a command line; the password goes through the environment.
    environment = {**os.environ, "PGPASSWORD": make_url(url).password or "", "LC_ALL": "C"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None  # noqa: S101 - asked for
        said, table = [], ""
        for line in process.stderr:
            said.append(line)
            if found := STARTS_TABLE.search(line):
                progress(rows.get(table, 0))
                table = found[1]
        code = process.wait()
    if code != 0:
        raise BackupError(f"{Path(command[0]).name} failed:\n{''.join(said[-8:])}")
    progress(rows.get(table, 0))
