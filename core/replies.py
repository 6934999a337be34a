"""An answer before it becomes a framework's response or a WSGI server's list."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response

from core.asking import Headers

JSON = ("Content-Type", "application/json")


class Reply(NamedTuple):
    """Status, headers without `Content-Length`, and body."""

    status: int
    headers: Headers
    body: bytes = b""

    def response(self) -> Response:
        """The same for the framework."""
        response = Response(self.body, self.status, self.headers)
        if not self.body:
            response.headers.pop("Content-Type", None)
        return response
