"""What a backend can be told when something does not go its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """The server refused a request: ``status``, its stable ``code``, and what is wrong with each field."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[dict[str, Any]] = ()) -> None:
        fields = "; ".join(f"{item.get('pointer')}: {item.get('message')}" for item in errors)
        super().__init__(f"{code} (HTTP {status}): {detail}" + (f" [{fields}]" if fields else ""))
        self.status = status
        self.code = code
        self.errors = list(errors)


class UnreachableError(Exception):
    """The server did not answer usefully in the time given; what was asked may have been done."""


class QueueFullError(Exception):
    """As many events wait as may; nothing was taken."""


class SpoolInUseError(Exception):
    """Another process uses the same spool folder; give each process one of its own."""
