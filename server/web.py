"""Runs the production web server."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces, RuntimeModes

from core.config import settings

STOP_SECONDS = 5


def run_web() -> None:
    """Serve until stopped, with as many processes and threads as settings say."""
    config = settings()
    Granian(
        "server.wsgi:app",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=config.web_processes,
        blocking_threads=config.web_threads,
        # One thread reads and writes all connections of a process: handing them on between several costs more.
        runtime_mode=RuntimeModes.st,
        backpressure=config.web_threads * 4,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        websockets=False,
        log_access=False,
        # Requests at work get this long to end; visitors' idle connections would otherwise hold up every stop.
        workers_kill_timeout=STOP_SECONDS,
    ).serve()
