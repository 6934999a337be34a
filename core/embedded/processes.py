"""Supervision of adrail's own processes: start together, restart what ends, leave nothing behind."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Protocol, Self

from core.embedded.child import group_runs, log_since, log_size, rotate_log, spawn, wait_until
from core.embedded.errors import EmbeddedServerError

_log = logging.getLogger(__name__)

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
# Seconds after which a restarted service counts as recovered.
_STABLE = 10.0
_TICK = 0.05


class Supervised(Protocol):
    """What can be watched: the embedded servers fit, and so do the commands of a group."""

    @property
    def name(self) -> str: ...

    def alive(self) -> bool:
        """Say whether it runs."""
        ...

    def tend(self) -> None:
        """Look after it while it runs; it may be ended, and is then started again."""
        ...

    def start(self) -> None:
        """Start it again after it ended."""
        ...


@dataclass(slots=True)
class _Command:
    """One program, leader of its own session and process group."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None
    log: Path | None
    process: subprocess.Popen[bytes] | None = None
    log_offset: int = 0

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tend(self) -> None:
        """Its end is all there is to see of it."""

    def start(self) -> None:
        # What a crashed leader left in its group holds ports and queues that the new one needs.
        self.signal_group(signal.SIGKILL)
        if self.log is not None:
            rotate_log(self.log)
            self.log_offset = log_size(self.log)
        self.process = spawn(self.argv, env=self.env, log=self.log, death_signal=signal.SIGTERM)

    def signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def group_is_gone(self) -> bool:
        if self.process is None:
            return True
        # The leader is ours to reap, the others are not.
        return self.process.poll() is not None and not group_runs(self.process.pid)

    def outcome(self) -> str:
        code = self.process.poll() if self.process is not None else None
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"


@dataclass(slots=True)
class _Watch:
    """A service with what is known about its restarts; times are monotonic seconds."""

    service: Supervised
    started_at: float = field(default_factory=time.monotonic)
    delay: float = _FIRST_DELAY
    restart_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Pending:
    """A command that has not reported readiness yet."""

    command: _Command
    ready: Callable[[], bool]
    deadline: float
    seconds: float


class ProcessGroup:
    """The child processes of one adrail; a context manager that ends them all on leaving it.

    Within the context SIGTERM, SIGINT and SIGHUP do not end this process but make `wait` return. Servers that the
    commands need belong around it: call `stop` (or leave the context) before stopping those. Main thread only.

    `log_dir` given: output goes to `<log_dir>/<name>.log`; else to this process's own.
    """

    def __init__(self, log_dir: Path | None = None) -> None:
        self._log_dir = log_dir
        self._commands: list[_Command] = []
        self._watches: list[_Watch] = []
        self._pending: list[_Pending] = []
        self._received: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        for number in _STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        while self._handlers:
            number, handler = self._handlers.popitem()
            signal.signal(number, handler)

    @property
    def stop_requested(self) -> bool:
        """Say whether a stop signal has arrived."""
        return self._received is not None

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        ready: Callable[[], bool] | None = None,
        ready_timeout: float = 30.0,
    ) -> None:
        """Start a command and return at once; `env` replaces the whole environment, `None` passes on ours.

        `ready` is polled by `wait_ready`, which gives it `ready_timeout` seconds from now.
        """
        command = _Command(name, tuple(argv), env, self._log_dir / f"{name}.log" if self._log_dir else None)
        self._commands.append(command)
        command.start()
        self._watches.append(_Watch(command))
        if ready is not None:
            self._pending.append(_Pending(command, ready, time.monotonic() + ready_timeout, ready_timeout))

    def watch(self, service: Supervised) -> None:
        """Restart `service` too when it ends while `wait` runs; stopping it stays with the caller."""
        self._watches.append(_Watch(service))

    def wait_ready(self) -> None:
        """Return when every command with a `ready` is ready, or a stop signal has arrived.

        Raises `EmbeddedServerError`, quoting the log, for one that ends or takes too long.
        """
        while self._pending and not self.stop_requested:
            self._pending = [pending for pending in self._pending if not self._check(pending)]
            if self._pending:
                time.sleep(_TICK)

    def wait(self, timeout: float | None = None) -> signal.Signals | None:
        """Restart what ends until a stop signal arrives and return it; `None` after `timeout` seconds without one."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.stop_requested and (deadline is None or time.monotonic() < deadline):
            for watch in self._watches:
                self._look_after(watch)
            time.sleep(_TICK)
        return self._received

    def stop(self, timeout: float = 10.0) -> None:
        """End all commands with their descendants: SIGTERM to all, SIGKILL to what is left after `timeout` seconds."""
        for command in self._commands:
            command.signal_group(signal.SIGTERM)
        if not wait_until(lambda: all(command.group_is_gone() for command in self._commands), timeout):
            for command in self._commands:
                if not command.group_is_gone():
                    _log.warning("%s did not stop within %.0f s and is killed", command.name, timeout)
                    command.signal_group(signal.SIGKILL)
            wait_until(lambda: all(command.group_is_gone() for command in self._commands), 5)
        self._commands.clear()
        self._watches.clear()
        self._pending.clear()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self._received = self._received or signal.Signals(number)

    def _check(self, pending: _Pending) -> bool:
        command = pending.command
        if not command.alive():
            self._fail(command, f"ended before it was ready ({command.outcome()})")
        if pending.ready():
            return True
        if time.monotonic() > pending.deadline:
            self._fail(command, f"was not ready within {pending.seconds:g} s")
        return False

    def _fail(self, command: _Command, what: str) -> None:
        where = "Its output is above."
        if command.log is not None:
            where = f"The last lines of {command.log}:\n{log_since(command.log, command.log_offset)}"
        raise EmbeddedServerError(f"{command.name} {what}. {where}")

    def _look_after(self, watch: _Watch) -> None:
        now = time.monotonic()
        if watch.service.alive():
            watch.service.tend()
            if now - watch.started_at > _STABLE:
                watch.delay = _FIRST_DELAY
            return
        if watch.restart_at is None:
            outcome = f" ({watch.service.outcome()})" if isinstance(watch.service, _Command) else ""
            _log.error("%s ended%s; it is started again in %.1f s", watch.service.name, outcome, watch.delay)
            watch.restart_at = now + watch.delay
            watch.delay = min(watch.delay * 2, _LONGEST_DELAY)
        elif now >= watch.restart_at:
            watch.restart_at = None
            try:
                watch.service.start()
            except (EmbeddedServerError, OSError) as exc:
                _log.error("%s could not be started again: %s", watch.service.name, exc)
            watch.started_at = time.monotonic()
