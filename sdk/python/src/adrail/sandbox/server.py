"""The HTTP server that serves emulators on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self

from adrail.sandbox.handler import SandboxHandler
from adrail.sandbox.host import SandboxHost
from adrail.sandbox.messages import PlatformSandbox

if TYPE_CHECKING:
    from adrail.platform import Platform


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        # HTTPServer looks its own name up, which may take seconds where no resolver answers.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that drops a connection it kept alive is no fault of ours.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class SandboxServer:
    """Serves emulators over HTTP, by default to this machine alone; port 0 picks a free one.

    The socket is bound at once, so `url` is known before `start` (own thread) or `serve_forever` (this thread).
    """

    def __init__(
        self,
        sandboxes: Sequence[PlatformSandbox],
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.host = SandboxHost(sandboxes, clock)
        handler = type("BoundHandler", (SandboxHandler,), {"host": self.host})
        self._http = _HttpServer((host, port), handler)
        self._address = host
        self._thread: threading.Thread | None = None
        self._asked_to_serve = False

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Base URL without a trailing slash."""
        return f"http://{self._address}:{self.port}"

    def start(self) -> Self:
        """Serve in a thread of its own."""
        self._asked_to_serve = True
        self._thread = threading.Thread(target=self.serve_forever, name="adrail-sandbox", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve in this thread until `stop` is called from another one."""
        self._asked_to_serve = True
        self._http.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving, wake every held answer and close the socket; safe to call twice."""
        self.host.stopping.set()
        if self._asked_to_serve:  # shutdown() would wait for ever for a loop that never began
            self._http.shutdown()
        self._http.server_close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def endpoints_at(sandbox_url: str, platform: Platform) -> dict[str, str]:
    """Return the base URLs of a platform's endpoints when a sandbox at this URL stands in for the vendor."""
    return {name: f"{sandbox_url.rstrip('/')}/{platform.slug}/{name}" for name in platform.endpoints}
