"""Starting a child process that ends with its parent, and looking after processes and log files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.embedded.errors import EmbeddedServerError
from core.embedded.users import ServiceUser

_HAS_PROC = Path("/proc/self/cmdline").exists()
_LAUNCH = Path(__file__).with_name("launch.py")
_LOG_LIMIT_BYTES = 10 * 1024 * 1024


def spawn(
    argv: Sequence[str],
    *,
    death_signal: signal.Signals,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    user: ServiceUser | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` in an own session, output appended to `log` or passed through.

    On Linux it gets `death_signal` when this process ends in whatever way. The kernel sends that when the *thread*
    that started it ends, hence only the main thread may start one; others get an `EmbeddedServerError`.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedServerError(f"{argv[0]} must be started from the main thread, because it ends with its thread")
    command = _launched(argv, death_signal, user)
    if log is None:
        return subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    user: ServiceUser | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `argv` to its end, at most `timeout` seconds, as `user`; its output comes back, its exit code is not judged.

    It ends with this process, but has an own session: a Ctrl-C is for adrail to act upon, not for its helpers.
    """
    return subprocess.run(
        _launched(argv, signal.SIGTERM, user),
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        start_new_session=True,
        check=False,
    )


def _launched(argv: Sequence[str], death_signal: signal.Signals, user: ServiceUser | None) -> list[str]:
    launch = [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(int(death_signal))]
    return [*launch, f"{user.uid}:{user.gid}" if user else "", *argv]


def rotate_log(log: Path) -> None:
    """Put a log file that has outgrown 10 MiB aside as `<name>.1`, replacing the one before."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def log_size(log: Path) -> int:
    """Return the size in bytes, 0 when there is no file."""
    return log.stat().st_size if log.exists() else 0


def log_since(log: Path, offset: int, lines: int = 15) -> str:
    """Return the last `lines` lines written after byte `offset`, indented for an error message."""
    with log.open("rb") as stream:
        stream.seek(max(offset, log_size(log) - 64 * 1024))
        text = stream.read().decode("utf-8", "replace")
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (nothing)"


def command_line(pid: int) -> str:
    """Return the command line of a running process, empty when it has ended (also when not yet reaped)."""
    if _HAS_PROC:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()


def children_of(pid: int) -> dict[int, str]:
    """Return the running children of process `pid` with their command lines; without /proc they are asked of `ps`."""
    if _HAS_PROC:
        own = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _stat(entry)[1:2] == [str(pid)]]
        return {child: line for child in own if (line := command_line(child))}
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,command="], capture_output=True, text=True, check=False)
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return {int(row[0]): row[2] for row in rows if len(row) == 3 and row[1] == str(pid)}


def group_runs(leader: int) -> bool:
    """Say whether a process of the group led by `leader` runs; ones that merely await reaping do not count.

    Orphans of a crashed leader are reaped by the system's first process, which in a container may never do it.
    """
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return not _HAS_PROC or any(_runs_in_group(entry, leader) for entry in Path("/proc").glob("[0-9]*"))


def _runs_in_group(entry: Path, leader: int) -> bool:
    stat = _stat(entry)
    return stat[2:3] == [str(leader)] and stat[0] not in {"Z", "X"}


def _stat(entry: Path) -> list[str]:
    """State, parent and group of a process, empty when it has ended."""
    try:
        # After the name in parentheses, which may contain anything.
        return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
    except (FileNotFoundError, ProcessLookupError):
        return []


def read_pid(pid_file: Path) -> int | None:
    """Return the process id on the first line of `pid_file`, `None` when there is none."""
    try:
        first = pid_file.read_text(encoding="utf-8").splitlines()[0]
        return int(first)
    except (FileNotFoundError, IndexError, ValueError):
        return None


def wait_until(condition: Callable[[], bool], timeout: float, interval: float = 0.02) -> bool:
    """Poll `condition` until it holds or `timeout` seconds have passed; return whether it held."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)
    return True
