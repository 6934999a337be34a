"""The embedded Valkey: append-only, password-protected, never evicting; stopped with SHUTDOWN."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.embedded.binaries import valkey_binary
from core.embedded.child import command_line, read_pid, wait_until
from core.embedded.errors import EmbeddedServerError
from core.embedded.server import EmbeddedServer
from core.embedded.state import secret, write_file

AppendFsync = Literal["always", "everysec"]

_SETTINGS = {
    "bind": "127.0.0.1",
    "protected-mode": "yes",
    "tcp-backlog": "128",
    "daemonize": "no",
    # The command line is how a server left over from a crash is recognised.
    "set-proc-title": "no",
    "databases": "32",
    "loglevel": "notice",
    "save": "",
    "appendonly": "yes",
    "aof-load-truncated": "yes",
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
}


class EmbeddedValkey(EmbeddedServer):
    """Valkey 9 with 32 databases; what it acknowledged is on disk (`always`) or within a second (`everysec`).

    As root it runs as PostgreSQL's unprivileged user: whoever could use it could otherwise write files anywhere.
    """

    name = "valkey"
    title = "Valkey"
    death_signal = signal.SIGTERM
    passing_failures = ("Address already in use",)

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        appendfsync: AppendFsync = "always",
        start_timeout: float = 60.0,
    ) -> None:
        super().__init__(data_dir, port, start_timeout=start_timeout)
        self._appendfsync = appendfsync

    def url(self, db: int = 0) -> str:
        """Return `redis://:password@127.0.0.1:port/db`, `db` from 0 to 31."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/{db}"

    @property
    def _password(self) -> str:
        return secret(self.data_dir, "valkey")

    @property
    def _config_file(self) -> Path:
        return self.data_dir.config / "valkey.conf"

    @property
    def _pid_file(self) -> Path:
        return self.data_dir.valkey / "valkey.pid"

    def _prepare(self) -> None:
        folder = self.data_dir.valkey
        if not folder.is_dir():
            folder.mkdir()
        self.data_dir.hand_over(folder, 0o700)
        self._stop_orphan()

    def _stop_orphan(self) -> None:
        """End a server of an earlier, dead adrail; the lock on the directory says that nobody looks after it."""
        pid = read_pid(self._pid_file)
        if pid is None or not self._is_ours(pid):
            return
        for number, seconds in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
            os.kill(pid, number)
            if wait_until(lambda: not self._is_ours(pid), seconds):
                return
        raise EmbeddedServerError(f"Valkey of an earlier start, process {pid}, does not stop. Stop it by hand.")

    def _is_ours(self, pid: int) -> bool:
        return f" {self._config_file} " in f"{command_line(pid)} "

    def _command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        settings = {
            "port": str(self.port),
            "requirepass": self._password,
            "dir": str(self.data_dir.valkey),
            "pidfile": str(self._pid_file),
            "appendfsync": self._appendfsync,
            **_SETTINGS,
        }
        lines = ["# Written anew at each start.", *(f"{name} {_quoted(value)}" for name, value in settings.items())]
        write_file(self._config_file, "\n".join(lines) + "\n", mode=0o600)
        self.data_dir.hand_over(self._config_file, 0o600)
        return [str(valkey_binary(self.data_dir)), str(self._config_file)], {"PATH": os.defpath, "LC_ALL": "C"}

    def _client(self, answer_timeout: float) -> redis.Redis:
        return redis.Redis.from_url(
            self.url(), socket_connect_timeout=2, socket_timeout=answer_timeout, retry=Retry(NoBackoff(), 0)
        )

    def _accepts(self) -> bool:
        with self._client(5) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                # Not listening yet, or still loading its file.
                return False

    def _shut_down(self, timeout: float) -> None:
        with self._client(timeout) as client:
            try:
                client.shutdown()
            except redis.RedisError:
                if self._process is not None:
                    self._process.terminate()


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
