"""The processes of this machine, seen from outside: which run below one, what each does, whether they are gone."""

from __future__ import annotations

import subprocess
from collections.abc import Collection

from tests.waiting import until

# The word by which a direct child of `adrail up` is known in its command line.
MARKS = {
    "web": "-m server web",
    "ingest": "-m server ingest",
    "relay": "-m server relay",
    "worker": "-m server worker",
    "cron": "-m server cron",
    "sandbox": "-m server sandbox",
    "postgres": "config/postgresql.conf",
    "valkey": "config/valkey.conf",
}


def table() -> dict[int, tuple[int, str]]:
    """Every process that is not merely waiting to be reaped: id → (parent, command line)."""
    listed = subprocess.run(["ps", "-axwwo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True)
    found = {}
    for line in listed.stdout.splitlines():
        pid, parent, state, command = [*line.split(None, 3), ""][:4]
        if not state.startswith("Z"):
            found[int(pid)] = (int(parent), command)
    return found


def below(root: int) -> set[int]:
    """Ids of all processes below one."""
    processes = table()
    found: set[int] = set()
    fresh = {root}
    while fresh:
        fresh = {pid for pid, (parent, _) in processes.items() if parent in fresh} - found
        found |= fresh
    return found


def child(supervisor: int, role: str) -> int | None:
    """The id of the direct child of `adrail up` that plays a role now."""
    for pid, (parent, command) in table().items():
        if parent == supervisor and MARKS[role] in command:
            return pid
    return None


def all_gone(pids: Collection[int]) -> None:
    """Wait until none of these processes runs; fails naming those that do."""
    until(lambda: not left(pids), seconds=100, what=f"the end of {left(pids)}")


def left(pids: Collection[int]) -> dict[int, str]:
    """Those of these processes that still run."""
    processes = table()
    return {pid: processes[pid][1] for pid in pids if pid in processes}
