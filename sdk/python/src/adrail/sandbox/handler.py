"""HTTP/1.1 front of the sandbox: reads a request, lets host or admin answer, writes the answer."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from adrail.sandbox.admin import answer_admin
from adrail.sandbox.host import SandboxHost
from adrail.sandbox.messages import OPEN_TO_BROWSERS, SandboxRequest, SandboxResponse

MAX_BODY = 32 * 1024 * 1024
PREFLIGHT = SandboxResponse(
    204,
    headers={
        **OPEN_TO_BROWSERS,
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": "*",
        "Access-Control-Max-Age": "600",
    },
)


class SandboxHandler(BaseHTTPRequestHandler):
    """One connection. `host` is set by the server that makes the subclass."""

    host: ClassVar[SandboxHost]
    protocol_version = "HTTP/1.1"
    server_version = "adrail-sandbox"
    sys_version = ""
    timeout = 75
    wbufsize = -1  # headers and body leave together, else delayed acknowledgements cost 40 ms an answer
    disable_nagle_algorithm = True

    def dispatch(self) -> None:
        """Answer whatever the method."""
        if refusal := self._refusal():
            self.close_connection = True
            self._write(refusal)
            return
        request = self._request(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        slug, _, rest = request.path.removeprefix("/").partition("/")
        if slug not in self.host.sandboxes:
            self._write(answer_admin(self.host, request))
        elif request.method == "OPTIONS":
            self._write(PREFLIGHT)
        else:
            self._serve(slug, replace(request, path=f"/{rest}"))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = dispatch  # noqa: N815 - names http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: requests are recorded, and a line per request would repeat tokens from URLs."""

    def _serve(self, slug: str, request: SandboxRequest) -> None:
        delivery = self.host.serve(slug, request)
        if delivery.response is None:
            self._cut_connection()
            return
        self.host.stopping.wait(delivery.hold)
        self._write(delivery.response)

    def _request(self, body: bytes) -> SandboxRequest:
        url = urlsplit(self.path)
        return SandboxRequest(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            received_at=self.host.now(),
        )

    def _refusal(self) -> SandboxResponse | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return SandboxResponse(411, "send a Content-Length; chunked bodies are not read here\n")
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            return SandboxResponse(400, "Content-Length must be a whole number\n")
        if int(length) > MAX_BODY:
            return SandboxResponse(413, f"bodies over {MAX_BODY} bytes are not read here\n")
        return None

    def _write(self, response: SandboxResponse) -> None:
        payload = b"" if response.status == 204 else response.payload()
        try:
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if payload and not any(name.lower() == "content-type" for name in response.headers):
                self.send_header("Content-Type", response.content_type())
            if response.status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # the client gave up waiting, as some faults intend

    def _cut_connection(self) -> None:
        self.close_connection = True
        # Lingering for 0 seconds makes close() send RST; detaching first avoids the orderly FIN of shutdown().
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
