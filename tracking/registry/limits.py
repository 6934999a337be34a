"""Bounds of an event beyond its own schema: depth, number of values, storable characters."""

from __future__ import annotations

from typing import Any

import orjson

MAX_DEPTH = 16
MAX_VALUES = 5_000
NUL = ("characters", "contains the character NUL (U+0000), which cannot be stored; remove it")
HALF = ("characters", "contains half of a surrogate pair, which cannot be stored; remove it")
LONG = ("maximum", "contains a whole number that needs more than 64 bits; send it as a text")
MOST, LEAST = 2**64 - 1, -(2**63)

SCALAR = {"type": ["string", "number", "boolean", "null"]}


def no_deeper(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that also refuses what is nested too deeply: the validator has gone through everything anyhow."""
    levels: dict[str, Any] = {}
    for level in range(1, MAX_DEPTH + 1):
        below = {"$ref": f"#/$defs/level-{level + 1}"} if level < MAX_DEPTH else SCALAR
        levels[f"level-{level}"] = {"additionalProperties": below, "items": below}
    deepest = [*schema.get("allOf", []), {"$ref": "#/$defs/level-1"}]
    return {**schema, "$defs": {**schema.get("$defs", {}), **levels}, "allOf": deepest}


def is_plain(text: bytes) -> bool:
    """Whether nothing in this JSON text can break another bound than the depth: no NUL, not too many values."""
    count = text.count
    return b"\\u0000" not in text and count(b",") + count(b"{") + count(b"[") <= MAX_VALUES


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
        children = container.values() if type(container) is dict else container
        stack += [(child, depth + 1) for child in children if type(child) is dict or type(child) is list]
    try:
        written = orjson.dumps(event)
    except orjson.JSONEncodeError:  # other parsers take what this one does not
        return LONG if _holds_long(event) else HALF
    # Written as JSON, a NUL is these six letters. So is a text that merely names it, hence the second look.
    return NUL if b"\\u0000" in written and _holds_nul(event) else None


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    if isinstance(value, dict):
        return any("\0" in name for name in value) or any(map(_holds_nul, value.values()))
    return False


def _holds_long(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_long, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not LEAST <= value <= MOST
