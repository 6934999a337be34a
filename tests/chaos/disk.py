"""A disk without room: a real one that is small, or a limit that lets no file grow."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import processes
from tests.chaos.rail import Rail

SIZE = "500m"
CHUNK = b"\0" * 65_536


def can_mount() -> bool:
    """Whether this machine lets us mount a file system."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder)):
                return True
        except (subprocess.CalledProcessError, FileNotFoundError):
            return False


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system in memory, mounted on a folder."""
    options = ["-t", "tmpfs", "-o", f"size={SIZE},mode=755"]
    subprocess.run(["mount", *options, "none", str(folder)], check=True, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is free on the file system of a folder until the end."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(CHUNK)
        yield
    finally:
        filler.unlink()


@contextmanager
def frozen_files(rail: Rail) -> Iterator[None]:
    """No process of an installation may write to any file until the end; for users who cannot mount.

    The servers meet the same failing calls as on a full disk (EFBIG instead of ENOSPC); one that does not ignore the
    signal that comes with it dies of it, as Valkey does of its own accord when its file cannot grow.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    _limit(rail, (0, hard))
    try:
        yield
    finally:
        _limit(rail, (hard, hard))


def _limit(rail: Rail, limit: tuple[int, int]) -> None:
    resource.prlimit(rail.supervisor, resource.RLIMIT_FSIZE, limit)
    for pid in processes.descendants(rail.supervisor):
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
        except ProcessLookupError:
            continue
        except PermissionError:
            # It runs as another user, and even root may be forbidden that; started anew it inherits the limit.
            processes.kill([pid])
