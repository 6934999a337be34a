"""Reading JSON from strangers: bounded, and free of what the database cannot store."""

from __future__ import annotations

from typing import Any

import orjson

from core.errors import DomainError

MAX_DEPTH = 32
MAX_VALUES = 200_000


class BodyError(DomainError):
    """The body cannot be read; nothing of it was taken."""

    code = "invalid_json"
    title = "The body cannot be read"


class MediaTypeError(BodyError):
    """The body is not declared as JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "The body's media type is not supported"


def parse_json(raw: bytes) -> Any:
    """Decode strict JSON; raises `BodyError` for syntax, depth beyond 32, too many values or NUL characters."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise BodyError(f"not valid JSON: {exc}") from None
    _bounded(body)
    return body


def _bounded(body: Any) -> None:
    # A stack of our own: the interpreter's is shallower than what the parser takes.
    stack, values = [(body, 1)], 0
    while stack:
        value, depth = stack.pop()
        values += 1
        if depth > MAX_DEPTH:
            raise BodyError(f"nested deeper than {MAX_DEPTH} levels; send it flatter", code="too_deep")
        if values > MAX_VALUES:
            raise BodyError(f"more than {MAX_VALUES} values; send less at a time", code="too_many_values")
        if isinstance(value, str):
            _storable(value)
        elif isinstance(value, dict):
            for name in value:
                _storable(name)
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list):
            stack.extend((item, depth + 1) for item in value)


def _storable(text: str) -> None:
    if "\0" in text:
        raise BodyError("a text holds the character NUL (\\u0000), which cannot be stored; leave it out", code="nul")
