"""Helpers of these tests: directories other users may enter, other processes that run servers, deadlines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.embedded.child import command_line, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE = 30.0


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder directly in the temporary directory; `tmp_path` lies in one only its owner may enter."""
    folder = Path(tempfile.mkdtemp(prefix="adrail-embedded-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class OtherProcess:
    """A Python process that runs servers; `report` is what it said about them."""

    process: subprocess.Popen[str]
    report: dict[str, object]

    def pids(self) -> list[int]:
        """Ids of the children it reported."""
        found = self.report["pids"]
        assert isinstance(found, list)
        return [int(pid) for pid in found]


def start_other(data_dir: Path, *options: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start `supervisor.py` on a data directory and return at once."""
    command = [*prefix, sys.executable, "-m", "tests.core.embedded.supervisor", str(data_dir), *options]
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def other_process(data_dir: Path, *options: str, prefix: Sequence[str] = ()) -> Iterator[OtherProcess]:
    """Run `supervisor.py` on a data directory from when it is ready until the block is left."""
    with start_other(data_dir, *options, prefix=prefix) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            yield OtherProcess(process, json.loads(line) if line else {"error": process.stderr.read(), "pids": []})
        finally:
            process.terminate()
            process.wait(DEADLINE)


def are_gone(pids: Sequence[int], within: float = DEADLINE) -> bool:
    """Say whether all these processes have ended within so many seconds."""
    return wait_until(lambda: not any(command_line(pid) for pid in pids), within)


def without_root() -> list[str]:
    """Return the command prefix that gives up root, where the tests have it.

    The one capability kept lets `nobody` read an interpreter and a checkout that only root may read.
    """
    if os.geteuid() != 0:
        return []
    capability = ["--inh-caps=-all,+dac_override", "--ambient-caps=+dac_override", "--bounding-set=-all,+dac_override"]
    return ["setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups", *capability]
