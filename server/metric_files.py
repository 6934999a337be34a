"""Names the metric files of this process, so that processes of several containers may share one folder."""

from __future__ import annotations

import os
import socket

HOST = socket.gethostname().replace("_", "-")


def process_name() -> str:
    """Host and process id: the first process of every container has the same id."""
    return f"{HOST}-{os.getpid()}"


def name_files() -> None:
    """Call it before the first metric is made."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import values  # noqa: PLC0415 - not needed without the folder

        values.ValueClass = values.MultiProcessValue(process_name)  # type: ignore[no-untyped-call]
