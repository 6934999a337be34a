"""What PostgreSQL and Valkey have in common as children: lock, port, log, readiness, end."""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from core.embedded.child import log_since, log_size, rotate_log, spawn
from core.embedded.errors import EmbeddedServerError
from core.embedded.lock import DataDirLock
from core.embedded.paths import DataDir, open_data_dir
from core.embedded.state import choose_port


class EmbeddedServer(ABC):
    """A server on 127.0.0.1 whose life is inside this process's; usable as a context manager.

    `port` `None` means: last time's if it is still free, else any. Start it from the main thread.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    death_signal: ClassVar[signal.Signals]
    # What the log says when a start failed for a reason that is gone a moment later.
    passing_failures: ClassVar[tuple[str, ...]]

    def __init__(self, data_dir: Path, port: int | None = None, *, start_timeout: float = 60.0) -> None:
        self._path = data_dir
        self._wanted_port = port
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: DataDirLock | None = None
        self._data_dir: DataDir | None = None
        self._port: int | None = None

    @property
    def data_dir(self) -> DataDir:
        """The opened data directory; raises `EmbeddedServerError` before the first start."""
        if self._data_dir is None:
            raise EmbeddedServerError(f"{self.title} has not been started")
        return self._data_dir

    @property
    def port(self) -> int:
        """The TCP port; kept over restarts of this object, because others were told of it."""
        if self._port is None:
            raise EmbeddedServerError(f"{self.title} has not been started")
        return self._port

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.data_dir.logs / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self.alive() else None

    def alive(self) -> bool:
        """Say whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def tend(self) -> None:
        """Look after the running process; end it when only a new one will answer again."""
        return

    def start(self) -> None:
        """Start and wait until queries are answered; first stops what an earlier crash left behind.

        Nothing happens when it runs already. Raises `EmbeddedServerError`, quoting the log's last lines.
        """
        if self.alive():
            return
        self._data_dir = open_data_dir(self._path)
        self._lock = self._lock or DataDirLock(self._data_dir.root, self.name)
        self._lock.acquire()
        try:
            self._prepare()
            rotate_log(self.log)
            self._run_until_ready()
        except BaseException:
            self._end(grace=5)
            self._lock.release()
            raise

    def stop(self, timeout: float = 30.0) -> None:
        """Stop in an orderly way, after `timeout` seconds by force; nothing acknowledged is lost either way."""
        if self.alive():
            self._shut_down(timeout)
        self._end(grace=timeout)
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Find the programs, stop an orphan, create the data."""

    @abstractmethod
    def _command(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """Write the configuration for the present port; return arguments and environment."""

    @abstractmethod
    def _accepts(self) -> bool:
        """Say whether queries are answered now."""

    @abstractmethod
    def _shut_down(self, timeout: float) -> None:
        """Ask the running server to stop; need not wait."""

    def _run_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while True:
            self._port = choose_port(self.data_dir, self.name, self._wanted_port)
            offset = log_size(self.log)
            argv, env = self._command()
            self._process = spawn(
                argv,
                death_signal=self.death_signal,
                cwd=self.data_dir.root,
                env=env,
                log=self.log,
                user=self.data_dir.user,
            )
            if self._becomes_ready(deadline):
                self._wanted_port = self._port
                return
            said = log_since(self.log, offset)
            if time.monotonic() > deadline or not any(text in said for text in self.passing_failures):
                raise EmbeddedServerError(
                    f"{self.title} did not start within {self._start_timeout:.0f} s or ended again. "
                    f"The last lines of {self.log}:\n{said}"
                )
            time.sleep(0.2)

    def _becomes_ready(self, deadline: float) -> bool:
        while self.alive() and time.monotonic() < deadline:
            if self._accepts():
                return True
            time.sleep(0.02)
        return False

    def _end(self, grace: float, number: signal.Signals | None = None) -> None:
        if self._process is None:
            return
        if self.alive():
            self._process.send_signal(number or self.death_signal)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
