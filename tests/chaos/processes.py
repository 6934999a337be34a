"""The processes of a running installation: which there are, what each one does, and killing them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
SUPERVISOR, WEB, WEB_WORKER, INGEST, RELAY = "supervisor", "web", "web worker", "ingest", "relay"
WORKER, TIMER, CRON = "worker", "timer of the worker", "cron"
VALKEY, POSTGRES, BACKEND = "valkey", "postgres", "postgres backend"

# What the command line of a direct child of the supervisor holds, and what that child's own children are.
KINDS = (
    ("-m server web", WEB, WEB_WORKER),
    ("-m server ingest", INGEST, INGEST),
    ("-m server relay", RELAY, RELAY),
    ("-m server worker", WORKER, TIMER),
    ("-m server cron", CRON, CRON),
    ("valkey.conf", VALKEY, VALKEY),
    ("postgresql.conf", POSTGRES, BACKEND),
)


@dataclass(frozen=True, slots=True)
class Process:
    """One running process."""

    pid: int
    parent: int
    command: str


def running() -> dict[int, Process]:
    """Every process of this machine that is not merely waiting to be reaped, by id."""
    found = _from_proc() if PROC.joinpath("self/stat").exists() else _from_ps()
    return {process.pid: process for process in found}


def roles(supervisor: int) -> dict[str, list[int]]:
    """Role → ids of the processes below a supervisor that play it now; roles nobody plays are missing."""
    found: dict[str, list[int]] = {SUPERVISOR: [supervisor]}
    table = running()
    children = _children(table.values())
    for pid in children.get(supervisor, []):
        for mark, own, below in KINDS:
            if mark in table[pid].command:
                found.setdefault(own, []).append(pid)
                for child in _below(children, pid):
                    found.setdefault(below, []).append(child)
    return found


def descendants(root: int) -> set[int]:
    """The ids of all processes below one."""
    return set(_below(_children(running().values()), root))


def kill(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to processes; one that has ended meanwhile is none the worse for it."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def strays(data_dir: Path, supervisor: int) -> dict[int, str]:
    """Processes that work on a data directory and are not below its supervisor: id → command (Linux only)."""
    own = descendants(supervisor) | {supervisor}
    mark = os.fsencode(data_dir)
    return {
        pid: process.command for pid, process in running().items() if pid not in own and mark in _what_it_was_given(pid)
    }


def _what_it_was_given(pid: int) -> bytes:
    try:
        return b"\0".join(PROC.joinpath(str(pid), name).read_bytes() for name in ("cmdline", "environ"))
    except OSError:  # gone, or another user's
        return b""


def _children(table: Iterable[Process]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for process in table:
        children.setdefault(process.parent, []).append(process.pid)
    return children


def _below(children: Mapping[int, list[int]], root: int) -> list[int]:
    found = list(children.get(root, []))
    for pid in found:  # grows while it is read
        found += children.get(pid, [])
    return found


def _from_proc() -> Iterable[Process]:
    for entry in PROC.glob("[0-9]*"):
        try:
            # After the name in parentheses, which may hold anything: state, parent.
            state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if state not in {"Z", "X"}:
            yield Process(int(entry.name), int(parent), command)


def _from_ps() -> Iterable[Process]:
    listed = subprocess.run(["ps", "-axo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        pid, parent, state, command = [*line.split(None, 3), ""][:4]
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), command)
