"""Bounds of an event that no JSON Schema expresses: depth, number of values, storable characters."""

from __future__ import annotations

from typing import Any

MAX_DEPTH = 16
MAX_VALUES = 5_000


def problem_beyond_schema(event: dict[str, Any]) -> tuple[str, str] | None:
    """Return (rule, message) of the first bound that the event breaks, or None; any depth is safe to ask."""
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
        children = container
        if type(container) is dict:
            if any("\0" in name for name in container):
                return _nul()
            children = container.values()
        for child in children:
            kind = type(child)
            if kind is dict or kind is list:
                stack.append((child, depth + 1))
            elif kind is str and "\0" in child:
                return _nul()
    return None


def _nul() -> tuple[str, str]:
    return "characters", "contains the character NUL (U+0000), which cannot be stored; remove it"
