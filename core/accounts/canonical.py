"""Canonical JSON: one text for one value, here and after a stay in the database."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Set
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

MAX_INTEGER = 2**63


def canonical(value: Any) -> bytes:
    """Return JSON as UTF-8: keys sorted by code point, no blanks, nothing escaped that need not be."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def storable(value: Any) -> Any:
    """Return a value whose canonical JSON is the same after `jsonb` has kept it; raises `TypeError` for other kinds.

    What `jsonb` would change becomes text: numbers beyond 64 bits, infinities, times, decimals, ids. Characters that it
    cannot hold become U+FFFD.
    """
    for kinds, rule in RULES:
        if isinstance(value, kinds):
            return rule(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


def _text(value: str) -> str:
    return str(value).encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _integer(value: int) -> int | str:
    return int(value) if abs(value) < MAX_INTEGER else str(int(value))


def _number(value: float) -> float | int | str:
    """`jsonb` keeps 1.0 as 1 and forgets the sign of zero."""
    if not math.isfinite(value):
        return str(value)
    if value.is_integer():
        return int(value) if abs(value) < MAX_INTEGER else str(value)
    return value


RULES: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((bool, type(None)), lambda value: value),
    (str, _text),
    (int, _integer),
    (float, _number),
    (Mapping, lambda value: {_text(str(name)): storable(item) for name, item in value.items()}),
    (Set, lambda value: sorted((storable(item) for item in value), key=canonical)),
    ((list, tuple), lambda value: [storable(item) for item in value]),
    (datetime, lambda value: value.isoformat()),
    ((Decimal, UUID), str),
)
"""The first kind that fits counts: a bool is an int, too."""
