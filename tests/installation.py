"""A whole adrail as an operator runs it: `adrail up` in a process of its own, on a throwaway data directory."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.waiting import until

# What the test process itself was told must not reach the installation.
FOREIGN = ("DATABASE_URL", "REDIS_URL")


def clean_environment() -> dict[str, str]:
    """Return the environment without the settings that tests of this process use."""
    return {k: v for k, v in os.environ.items() if k not in FOREIGN and not k.startswith("ADRAIL_")}


class Installation:
    """Started by `with`; ``facts`` is its ready.json. ``prefix`` is a command that starts it as somebody else."""

    def __init__(self, *options: str, prefix: Sequence[str] = (), **environment: str) -> None:
        self._options = options
        self._prefix = prefix
        self._environment = environment
        self.data_dir = Path(tempfile.mkdtemp(prefix="adrail-up-"))
        self.data_dir.chmod(0o755)
        self.facts: dict[str, Any] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def start(self) -> None:
        """Start, or start again on the same data, and wait until it is ready."""
        self.launch()
        try:
            self.facts = until(self._ready, seconds=200, what="ready.json")
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start it and wait for nothing."""
        command = [sys.executable, "-m", "server", "up", "--port", "0", "--data-dir", str(self.data_dir)]
        with (self.data_dir / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._prefix, *command, *self._options],
                env={**clean_environment(), **self._environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stop as Ctrl-C does; fails when it takes longer than 100 s."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(100)

    def log(self) -> str:
        """What it said."""
        return (self.data_dir / "up.log").read_text("utf-8", errors="replace")

    def _ready(self) -> dict[str, Any] | None:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"adrail up ended with {self.process.returncode}:\n{self.log()}")
        try:
            facts: dict[str, Any] = json.loads((self.data_dir / "ready.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return facts
