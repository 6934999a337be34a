"""What the processes of an installation hold in memory after the load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.installation import Installation

MIB = 1024


def memory(installation: Installation, seconds: float) -> dict[str, Any]:
    """Resident memory of every process, largest first; PostgreSQL's backends count as one by their own shares."""
    assert installation.process is not None
    resident: list[tuple[str, int]] = []
    postgres = 0
    for pid in sorted(_tree(installation.process.pid)):
        name = _name(pid)
        if name == "postgres":
            postgres += _kilobytes(pid, "Pss")
        else:
            resident.append((name, _kilobytes(pid, "Rss")))
    processes = [*resident, ("postgres (all, proportional)", postgres)]
    ordered = sorted(processes, key=lambda item: -item[1])
    return {
        "value": round(sum(size for _, size in processes) / MIB),
        "unit": "MiB, all processes",
        "processes": [f"{name} {round(size / MIB)}" for name, size in ordered],
        "n": len(processes),
    }


def _tree(root: int) -> set[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting += children.get(pid, [])
    return found


def _name(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    if "server" in words:
        return "adrail " + words[words.index("server") + 1]
    return Path(words[0].split(":")[0].split()[0]).name if words[0] else "?"


def _kilobytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


BENCHMARKS = (memory,)
