"""Where events wait until the server has them: in memory, or in a folder that survives the process."""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from adrail.client.errors import QueueFullError, SpoolInUseError

SEGMENT_BYTES = 4 * 1024 * 1024
SUFFIX = ".events"
MOST_BYTES = 256 * 1024 * 1024


class Spool(Protocol):
    """A queue of encoded events; safe to share between threads."""

    def add(self, event: bytes) -> None:
        """Append; raises `QueueFullError`."""

    def head(self, most: int) -> Sequence[bytes]:
        """The oldest entries, which stay."""

    def drop(self, count: int) -> None:
        """Forget the oldest entries: the server has them."""

    def __len__(self) -> int: ...

    def close(self) -> None:
        """Let go of files."""


class MemorySpool:
    """Lost with the process."""

    def __init__(self, most: int, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._lock = threading.Lock()
        self._events: deque[bytes] = deque()
        self._bytes = 0

    def add(self, event: bytes) -> None:
        """Append; raises `QueueFullError`."""
        with self._lock:
            _room(len(self._events), self._most, self._bytes + len(event), self._most_bytes)
            self._events.append(event)
            self._bytes += len(event)

    def head(self, most: int) -> Sequence[bytes]:
        """The oldest entries, which stay."""
        with self._lock:
            return [self._events[index] for index in range(min(most, len(self._events)))]

    def drop(self, count: int) -> None:
        """Forget the oldest entries."""
        with self._lock:
            for _ in range(count):
                self._bytes -= len(self._events.popleft())

    def __len__(self) -> int:
        return len(self._events)

    def close(self) -> None:
        """Nothing to let go of."""


class FolderSpool:
    """Files of one event a line, each line on disk before `add` returns; read again after a crash.

    A line cut off by a crash was never acknowledged and is left out. How far the server has taken the oldest file
    stands in ``taken``, replaced as a whole; after a crash some events may go out again, which their ids make harmless.
    Memory holds where events stand, not the events.
    """

    def __init__(self, folder: Path, most: int, most_bytes: int = MOST_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most, self._most_bytes = most, most_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._guard = _claim(folder / "lock")
        self._waiting: deque[tuple[int, int, int]] = deque()  # number of the file, where the event begins, its length
        self._lines_taken = 0
        self._file: IO[bytes] | None = None
        self._number = self._read_back()

    def add(self, event: bytes) -> None:
        """Append and wait for the disk; raises `QueueFullError`, and `OSError` when the disk refuses."""
        with self._lock:
            _room(len(self._waiting), self._most, self._bytes + len(event), self._most_bytes)
            file = self._open()
            start = file.tell()
            try:
                file.write(event + b"\n")
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                self._cut(start)
                raise
            self._remember(self._number, start, len(event))

    def head(self, most: int) -> Sequence[bytes]:
        """The oldest entries, which stay."""
        with self._lock:
            places = [self._waiting[index] for index in range(min(most, len(self._waiting)))]
            found: list[bytes] = []
            for number in dict.fromkeys(place[0] for place in places):
                with self._path(number).open("rb") as file:
                    for _, start, length in (place for place in places if place[0] == number):
                        file.seek(start)
                        found.append(file.read(length))
            return found

    def drop(self, count: int) -> None:
        """Forget the oldest entries, and files that hold nothing else."""
        with self._lock:
            for _ in range(count):
                number, _, length = self._waiting.popleft()
                self._bytes -= length
                self._lines_taken += 1
                following = self._waiting[0][0] if self._waiting else None
                if following != number:
                    self._finish(number)
            self._write_taken()

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        """Let go of the folder; what waits stays in it."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None
            self._guard.close()

    def _read_back(self) -> int:
        numbers = sorted(int(path.stem) for path in self._folder.glob(f"*{SUFFIX}"))
        first, lines = self._taken()
        for number in numbers:
            skipped = lines if number == first else 0
            places = list(_lines(self._path(number)))[skipped:]
            for start, length in places:
                self._remember(number, start, length)
            if not places:
                self._path(number).unlink()
        if self._waiting and self._waiting[0][0] == first:
            self._lines_taken = lines
        return (numbers[-1] if numbers else 0) + 1  # never behind a line that a crash cut off

    def _remember(self, number: int, start: int, length: int) -> None:
        self._waiting.append((number, start, length))
        self._bytes += length

    def _open(self) -> IO[bytes]:
        if self._file is not None and self._file.tell() >= SEGMENT_BYTES:
            self._file.close()
            self._file, self._number = None, self._number + 1
        if self._file is None:
            self._file = self._path(self._number).open("ab")
            _sync_folder(self._folder)
        return self._file

    def _cut(self, size: int) -> None:
        # Half a line would make the next one unreadable. The file ends here in any case.
        if self._file is not None:
            with suppress(OSError):  # what could not be written is still in its buffer
                self._file.close()
            with suppress(OSError):  # else a line without end is left out when the folder is read again
                os.truncate(self._path(self._number), size)
            self._file, self._number = None, self._number + 1

    def _finish(self, number: int) -> None:
        if self._file is not None and number == self._number:
            self._file.close()
            self._file, self._number = None, self._number + 1
        self._path(number).unlink(missing_ok=True)
        self._lines_taken = 0

    def _taken(self) -> tuple[int, int]:
        try:
            number, lines = (self._folder / "taken").read_text("ascii").split()
            return int(number), int(lines)
        except (FileNotFoundError, ValueError):
            return 0, 0

    def _write_taken(self) -> None:
        number = self._waiting[0][0] if self._waiting else 0
        new = self._folder / "taken.new"
        new.write_text(f"{number} {self._lines_taken}", "ascii")
        new.replace(self._folder / "taken")

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{SUFFIX}"


def open_spool(folder: Path | str | None, most: int, most_bytes: int = MOST_BYTES) -> Spool:
    """Return the spool in a folder, or one in memory; raises `SpoolInUseError`."""
    return MemorySpool(most, most_bytes) if folder is None else FolderSpool(Path(folder), most, most_bytes)


def _room(waiting: int, most: int, size: int, most_bytes: int) -> None:
    if waiting >= most:
        raise QueueFullError(f"{waiting} events wait already; is the server reachable? (max_queue={most})")
    if size > most_bytes:
        raise QueueFullError(
            f"{waiting} events fill the queue; is the server reachable? (max_queue_bytes={most_bytes})"
        )


def _lines(path: Path) -> Iterator[tuple[int, int]]:
    """Where each whole line begins, and its length without its end."""
    start = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield start, len(line) - 1
            start += len(line)


def _claim(path: Path) -> IO[bytes]:
    """Hold a lock file for the life of this process; raises `SpoolInUseError`."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SpoolInUseError(f"another process uses {path.parent}; give each process a folder of its own") from None
    return file


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
