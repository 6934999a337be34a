"""A mail server for tests: speaks enough SMTP, keeps what it takes, refuses on demand."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        outer: MailServerForTests = self.server.outer  # type: ignore[attr-defined]
        self._say(b"220 ready")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self._say(b"354 go on")
                outer.take(b"".join(iter(self.rfile.readline, b".\r\n")))
                self._say(b"250 taken")
            elif word == b"RCPT":
                self._say(outer.answers.pop(0) if outer.answers else b"250 ok")
            elif word == b"AUTH":
                outer.signed_in.append(line)
                self._say(b"235 welcome")
            elif word == b"QUIT":
                return self._say(b"221 bye")
            else:
                self._say(b"250-test\r\n250 AUTH PLAIN" if word == b"EHLO" else b"250 ok")
        return None

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


class MailServerForTests:
    """Started by `with`; ``answers`` are given to the next recipients, then everything is taken."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answers: list[bytes] = []
        self.signed_in: list[bytes] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation)
        self._server.daemon_threads = True
        self._server.outer = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Value for ADRAIL_SMTP_URL."""
        return f"smtp://rail:open%20sesame@127.0.0.1:{self._server.server_address[1]}?tls=none"

    def take(self, raw: bytes) -> None:
        """Keep a message."""
        message: Any = message_from_bytes(raw, policy=policy.default)
        self.taken.append(message)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
