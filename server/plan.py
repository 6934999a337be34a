"""What `adrail up` was asked for, the port it takes, and the settings its children get."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass, field

from core.embedded.errors import EmbeddedServerError
from core.embedded.paths import DataDir
from core.embedded.state import choose_port
from server import local_state

DEFAULT_PORT = 8700
EVERY_ADDRESS = {"0.0.0.0", "::", "localhost"}  # noqa: S104 - compared with, never bound to


@dataclass(slots=True)
class Plan:
    """What was asked for, and what is known so far."""

    demo: bool
    sandbox: bool
    port: int
    data_dir: DataDir
    environment: dict[str, str] = field(default_factory=dict)
    database_url: str = ""
    redis_url: str = ""

    @property
    def probe_url(self) -> str:
        """Where this machine reaches the web server."""
        host = self.environment["ADRAIL_HOST"]
        return f"http://{'127.0.0.1' if host in EVERY_ADDRESS else host}:{self.port}"

    @property
    def base_url(self) -> str:
        """Where the web server will answer."""
        return self.environment["ADRAIL_BASE_URL"]


def web_port(folder: DataDir, wanted: int | None) -> int:
    """The port to serve on, 0 for a free one; raises `EmbeddedServerError` when it is taken."""
    if wanted == 0:
        return choose_port(folder, "web", None)
    port = wanted or _port_setting()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise EmbeddedServerError(
                f"port {port} is in use ({exc.strerror}); choose another with --port, or --port 0 for a free one"
            ) from None
    return port


def _port_setting() -> int:
    text = os.environ.get("ADRAIL_PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise EmbeddedServerError(f"ADRAIL_PORT: {text!r} is no port; use a number from 1 to 65535")
    return int(text)


def settle_environment(plan: Plan) -> None:
    """Settings for the children; whatever the operator set wins."""
    metrics = plan.data_dir.root / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    plan.environment |= {
        "ADRAIL_HOST": os.environ.get("ADRAIL_HOST", "127.0.0.1"),
        "ADRAIL_PORT": str(plan.port),
        "ADRAIL_BASE_URL": os.environ.get("ADRAIL_BASE_URL", f"http://127.0.0.1:{plan.port}"),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    for name, value in local_state.secrets_of(plan.data_dir).items():
        if name not in os.environ:
            plan.environment[name] = value
    if plan.demo:
        plan.environment["ADRAIL_DEMO"] = "true"
    if plan.sandbox:
        port = choose_port(plan.data_dir, "sandbox", None)
        plan.environment["ADRAIL_SANDBOX_URL"] = f"http://127.0.0.1:{port}"
    os.environ.update(plan.environment)
