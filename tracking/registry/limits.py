"""Bounds of an event that no JSON Schema expresses: depth, number of values, storable characters."""

from __future__ import annotations

from typing import Any

import orjson

MAX_DEPTH = 16
MAX_VALUES = 5_000
NUL = ("characters", "contains the character NUL (U+0000), which cannot be stored; remove it")


def problem_beyond_schema(event: dict[str, Any], *, nul: bool = True) -> tuple[str, str] | None:
    """Return (rule, message) of the first bound that the event breaks, or None; any depth is safe to ask.

    ``nul`` says whether there may be a NUL at all.
    """
    # A stack of our own: the interpreter's is shallower than what the parser takes.
    stack: list[tuple[Any, int]] = [(event, 1)]
    values = 0
    while stack:
        container, depth = stack.pop()
        if depth > MAX_DEPTH:
            return "depth", f"nested deeper than {MAX_DEPTH} levels; send it flatter"
        values += len(container)
        if values > MAX_VALUES:
            return "size", f"more than {MAX_VALUES} values; send less in one event"
        children = container.values() if type(container) is dict else container
        stack += [(child, depth + 1) for child in children if type(child) is dict or type(child) is list]
    # Written as JSON, a NUL is these six letters. So is a text that merely names it, hence the second look.
    return NUL if nul and b"\\u0000" in orjson.dumps(event) and _holds_nul(event) else None


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    if isinstance(value, dict):
        return any("\0" in name for name in value) or any(map(_holds_nul, value.values()))
    return False
