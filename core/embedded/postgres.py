"""The embedded PostgreSQL: initialised once, started as our child, stopped with `pg_ctl`, taken over after a crash."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from core.embedded.binaries import POSTGRES_MAJOR, PostgresBinaries, postgres_binaries
from core.embedded.child import command_line, read_pid, run, wait_until
from core.embedded.errors import DataDirError, EmbeddedServerError
from core.embedded.postgres_config import HOST_BASED_AUTH, server_config
from core.embedded.recovery import RecoveryWatch
from core.embedded.server import EmbeddedServer
from core.embedded.state import has_secret, secret, write_file

_log = logging.getLogger(__name__)

SUPERUSER = "adrail"
DATABASE = "adrail"
# The user's PG* variables and locale must not reach the server.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
_INITDB_SECONDS = 120.0


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 with checksums, UTF-8 and password authentication; database and superuser are named adrail."""

    name = "postgres"
    title = "PostgreSQL"
    # Fast shutdown: roll back, checkpoint, end.
    death_signal = signal.SIGINT
    passing_failures = ("pre-existing shared memory block", "Address already in use")

    def __init__(
        self, data_dir: Path, port: int | None = None, *, start_timeout: float = 60.0, patience: float = 15.0
    ) -> None:
        """`patience`: seconds without a recovering or writing process after which `tend` ends the server."""
        super().__init__(data_dir, port, start_timeout=start_timeout)
        self._recovery = RecoveryWatch(patience)

    def tend(self) -> None:
        """End a server that nothing recovers any more, so that a new one does."""
        pid = self.pid
        if pid is None or not self._recovery.is_stuck(pid):
            return
        _log.error("postgres lost its recovery process and would refuse connections for ever; it is ended")
        self._recovery.forget()
        self._end(grace=10, number=signal.SIGQUIT)

    def password(self, user: str = SUPERUSER) -> str:
        """Return the password that belongs to role `user` here, made at the first call; roles are created elsewhere."""
        return secret(self.data_dir, f"postgres.{user}")

    def url(self, user: str = SUPERUSER, dbname: str = DATABASE) -> str:
        """Return `postgresql://user:password@127.0.0.1:port/dbname`."""
        return f"postgresql://{user}:{self.password(user)}@127.0.0.1:{self.port}/{dbname}"

    @property
    def superuser_url(self) -> str:
        """URL of the superuser in the database adrail."""
        return self.url()

    @property
    def _binaries(self) -> PostgresBinaries:
        return postgres_binaries(self.data_dir)

    def _prepare(self) -> None:
        folder = self.data_dir.postgres
        if not folder.is_dir():
            self._initialise()
            return
        if not has_secret(self.data_dir, f"postgres.{SUPERUSER}"):
            raise DataDirError(
                f"{self.data_dir.root} holds a database but secrets.json has no password for it. "
                "Restore secrets.json from a backup."
            )
        made_by = (folder / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(POSTGRES_MAJOR):
            raise DataDirError(
                f"{folder} was made by PostgreSQL {made_by}, the installed one is {POSTGRES_MAJOR}. Dump the database "
                f"with version {made_by} (pg_dump), start on a new --data-dir and restore it there."
            )
        self._stop_orphan()

    def _initialise(self) -> None:
        """Create the cluster beside its place and move it there when complete, so that half of one is never used."""
        data_dir = self.data_dir
        for unfinished in data_dir.root.glob("postgres.new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        # A name of its own each time: processes of an initdb that was killed may write on for a moment.
        fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=data_dir.root))
        data_dir.hand_over(fresh, 0o700)
        password_file = data_dir.root / "postgres.password"
        write_file(password_file, self.password(), mode=0o600)
        data_dir.hand_over(password_file, 0o600)
        try:
            initdb = [str(self._binaries.initdb), "-D", str(fresh), "-U", SUPERUSER, f"--pwfile={password_file}"]
            locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            done = run(
                [*initdb, *locale, "--auth=scram-sha-256", "--data-checksums", "--no-instructions"],
                timeout=_INITDB_SECONDS,
                cwd=data_dir.root,
                env=_ENVIRONMENT,
                user=data_dir.user,
            )
        finally:
            password_file.unlink()
        if done.returncode != 0:
            raise EmbeddedServerError(f"initdb could not create {fresh}:\n{done.stdout}")
        fresh.replace(data_dir.postgres)

    def _stop_orphan(self) -> None:
        """End a server of an earlier, dead adrail; the lock on the directory says that nobody looks after it."""
        pid_file = self.data_dir.postgres / "postmaster.pid"
        pid = read_pid(pid_file)
        if pid is None:
            return
        if not self._is_ours(pid):
            # The number may belong to any process by now, and PostgreSQL would take that for a running server. Its own
            # parent's it ignores, and goes on to check that no process of the old server is left.
            with contextlib.suppress(FileNotFoundError):
                _replace_first_line(pid_file, str(os.getpid()))
            return
        if not self._pg_ctl_stop("fast", 60) and self._is_ours(pid):
            self._pg_ctl_stop("immediate", 10)
        if not wait_until(lambda: not self._is_ours(pid), 10):
            raise EmbeddedServerError(f"PostgreSQL of an earlier start, process {pid}, does not stop. Stop it by hand.")

    def _is_ours(self, pid: int) -> bool:
        return f" -D {self.data_dir.postgres} " in command_line(pid)

    def _pg_ctl_stop(self, mode: str, seconds: int) -> bool:
        argv = [str(self._binaries.pg_ctl), "stop", "-D", str(self.data_dir.postgres), "-m", mode, "-w"]
        try:
            done = run(
                [*argv, "-t", str(seconds)],
                timeout=seconds + 5,
                cwd=self.data_dir.root,
                env=_ENVIRONMENT,
                user=self.data_dir.user,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        config = self.data_dir.config / "postgresql.conf"
        write_file(config, server_config(self.data_dir, self.port), mode=0o644)
        write_file(self.data_dir.config / "pg_hba.conf", HOST_BASED_AUTH, mode=0o644)
        argv = [str(self._binaries.postgres), "-D", str(self.data_dir.postgres), "-c", f"config_file={config}"]
        return argv, _ENVIRONMENT

    def _accepts(self) -> bool:
        # Its own word comes first: every connection tried during recovery is an error line in the log.
        if not _says_ready(self.data_dir.postgres / "postmaster.pid"):
            return False
        try:
            self._ensure_database()
        except psycopg.OperationalError as exc:
            # Unless somebody else took the port and ours is about to end, no further try will do better.
            if "password authentication failed" in str(exc) and not wait_until(lambda: not self.alive(), 0.5):
                raise DataDirError(
                    f"PostgreSQL of {self.data_dir.root} does not accept the password in secrets.json: the two do "
                    "not belong together. Restore both from the same backup."
                ) from exc
            return False
        return True

    def _ensure_database(self) -> None:
        with psycopg.connect(
            self.url(dbname="postgres"), connect_timeout=5, autocommit=True, sslmode="disable", gssencmode="disable"
        ) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _shut_down(self, timeout: float) -> None:
        if not self._pg_ctl_stop("fast", max(1, int(timeout))) and self.alive():
            self._pg_ctl_stop("immediate", 10)


def _says_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _replace_first_line(path: Path, line: str) -> None:
    # The file lies in a folder of the server's user: a root must not follow a link placed there.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as stream:
        rest = stream.read().partition("\n")[2]
        stream.seek(0)
        stream.write(f"{line}\n{rest}")
        stream.truncate()
