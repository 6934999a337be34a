"""Processes that archive and kill themselves at a given moment; started with `python -m`, asked line by line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.events import archive_writing
from core.events.archive_files import Place
from core.events.archive_jobs import run
from core.events.archive_months import drop_empty_partitions

PART_ROWS = 5
POINTS = ("announced", "half a file", "a whole file", "compared", "deleted", "second part", "dropping")


def die() -> None:
    """End as by `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(function: Callable[..., Any], times: int = 1) -> Callable[..., Any]:
    """Die instead of calling for the so-manieth time."""
    left = [times]

    def dying(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            die()
        return function(*args, **kwargs)

    return dying


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call, then die."""

    def dying(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        die()

    return dying


def half(place: Place, local: Path, path: str) -> None:
    """Write half of a file, then die."""
    whole = local.read_bytes()
    local.write_bytes(whole[: len(whole) // 2])
    put(place, local, path)
    die()


put = Place.put
changed: Any = {
    "announced": (archive_writing, "_write", before(archive_writing._write)),
    "half a file": (Place, "put", half),
    "a whole file": (Place, "put", after(put)),
    "compared": (archive_writing, "_finish", before(archive_writing._finish)),
    "deleted": (archive_writing, "_finish", after(archive_writing._finish)),
    "second part": (archive_writing, "_finish", before(archive_writing._finish, 2)),
    "dropping": (sys.modules["core.events.archive_jobs"], "drop_empty_partitions", after(drop_empty_partitions)),
}


def try_point(point: str) -> int:
    """Run in a process of its own; returns how it ended, as a signal's negative number."""
    child = os.fork()
    if child == 0:
        archive_writing.PART_ROWS = PART_ROWS
        setattr(*changed[point])
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        print(try_point(line.strip()), flush=True)  # noqa: T201 - the answer to who asked
