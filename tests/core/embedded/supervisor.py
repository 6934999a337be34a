"""Run PostgreSQL, Valkey and a child on the data directory given, report them as JSON, and wait for a signal.

With `--outlived` the servers stay when this process is killed, as they do where the kernel has no death signal.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from core.embedded.binaries import postgres_binaries
from core.embedded.errors import EmbeddedServerError
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.processes import ProcessGroup
from core.embedded.valkey import EmbeddedValkey

_CHILD = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(600)"


def main(data_dir: Path, options: list[str]) -> None:
    if "--outlived" in options:
        EmbeddedPostgres.death_signal = EmbeddedValkey.death_signal = signal.SIGCONT
    pid_file = data_dir / "child.pid"
    with ProcessGroup() as group, EmbeddedPostgres(data_dir) as postgres, EmbeddedValkey(data_dir) as valkey:
        group.start("child", [sys.executable, "-c", _CHILD, str(pid_file)], ready=lambda: bool(pid_file.read_text()))
        while not pid_file.exists() and not group.stop_requested:
            group.wait(0.01)
        group.wait_ready()
        report = {
            "uid": os.geteuid(),
            "pids": [postgres.pid, valkey.pid, int(pid_file.read_text())],
            "postgres": str(postgres_binaries(postgres.data_dir).postgres),
            "database_url": postgres.superuser_url,
            "redis_url": valkey.url(),
        }
        print(json.dumps(report), flush=True)  # noqa: T201 - read by the test
        group.wait()
        group.stop()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except EmbeddedServerError as exc:
        sys.exit(str(exc))
