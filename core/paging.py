"""Cursor pagination: a page of items and the opaque place where the next one starts."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from core.errors import FieldProblem, InvalidInputError

T = TypeVar("T")
MAX_LIMIT = 200
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """``items`` in order; ``next_cursor`` is None on the last page."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(*values: str | int | datetime) -> str:
    """Make a cursor from the sort key of the last item."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Read a cursor back as ``kinds`` (str, int, datetime); None when there is none.

    Raises `InvalidInputError` when it was not made by `encode_cursor` for this list.
    """
    if not cursor:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError):
        problem = FieldProblem("/cursor", "cursor", "use next_cursor of the previous page unchanged, or leave it out")
        raise InvalidInputError("the cursor does not belong to this list", errors=[problem]) from None


def _read(value: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    usable = abs(value) <= MAX_ID if isinstance(value, int) else "\0" not in value
    if type(value) is not kind or not usable:
        raise ValueError(value)
    return value


def clamp(limit: int) -> int:
    """Keep a page size between 1 and the maximum of 200."""
    return max(1, min(limit, MAX_LIMIT))
