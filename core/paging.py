"""Cursor pagination: a page of items and the opaque place where the next one starts."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from core.errors import FieldProblem, InvalidInputError

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """``items`` in order; ``next_cursor`` is None on the last page."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(*values: str | int) -> str:
    """Make a cursor from the sort key of the last item."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[str | int, ...] | None:
    """Read a cursor back; raises `InvalidInputError` when it was not made by `encode_cursor` for this list."""
    if not cursor:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        problem = FieldProblem("/cursor", "cursor", "use next_cursor of the previous page unchanged, or leave it out")
        raise InvalidInputError("the cursor does not belong to this list", errors=[problem])
    return tuple(values)


def clamp(limit: int) -> int:
    """Keep a page size between 1 and the maximum of 200."""
    return max(1, min(limit, MAX_LIMIT))
