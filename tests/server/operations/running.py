"""adrail's own processes, started singly as in a real deployment, with the settings of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def processes(folder: Path, *names: str) -> Iterator[None]:
    """Run `adrail NAME` for each name until the block is left; what they say is in ``folder``."""
    running = [_start(folder, name) for name in names]
    try:
        yield
        ended = [name for name, process in zip(names, running, strict=True) if process.poll() is not None]
        assert not ended, f"{ended} ended by themselves: {said(folder)}"
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(100)
            process.kill()
            process.wait()


def said(folder: Path) -> str:
    """Everything the processes wrote."""
    return "\n".join(path.read_text("utf-8", errors="replace") for path in sorted(folder.glob("*.log")))


def adrail(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "server", name], stdout=log, stderr=subprocess.STDOUT)
