"""One running adrail per data directory, kept by a kernel lock that even `kill -9` releases."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from core.embedded.errors import DataDirInUseError

LOCK_FILE = "adrail.lock"


@dataclass(slots=True)
class _Held:
    descriptor: int
    holders: set[str] = field(default_factory=set)


# The kernel's lock is per process; who holds it within this process is told apart here.
_held: dict[Path, _Held] = {}


class DataDirLock:
    """The claim of one `holder` (say "postgres") on a data directory.

    Several holders of one process share the lock, a second process never gets it.
    """

    def __init__(self, root: Path, holder: str = "adrail") -> None:
        self._root = root.resolve()
        self._holder = holder
        self._mine = False

    def acquire(self) -> None:
        """Take the claim; raises `DataDirInUseError` naming the directory and the process that has it."""
        if self._mine:
            return
        held = _held.get(self._root)
        if held is None:
            held = _held[self._root] = _Held(_lock(self._root))
        elif self._holder in held.holders:
            raise DataDirInUseError(
                f"{self._holder} of the data directory {self._root} already runs in this process, {os.getpid()}"
            )
        held.holders.add(self._holder)
        self._mine = True

    def release(self) -> None:
        """Give the claim back; the last one of the process frees the directory. Harmless when not held."""
        if not self._mine:
            return
        self._mine = False
        held = _held[self._root]
        held.holders.remove(self._holder)
        if not held.holders:
            os.ftruncate(held.descriptor, 0)
            os.close(held.descriptor)
            del _held[self._root]

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock(root: Path) -> int:
    descriptor = os.open(root / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        pid = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise DataDirInUseError(
            f"the data directory {root} is in use: adrail already runs there as process {pid}. "
            "Stop that one, or choose another directory with --data-dir."
        ) from exc
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
    return descriptor
