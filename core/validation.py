"""Reading request bodies with marshmallow schemas, with our kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import marshmallow as ma

from core.errors import FieldProblem, InvalidInputError


def load(schema: ma.Schema, body: Any) -> dict[str, Any]:
    """Validate ``body``; raises `InvalidInputError` with a JSON pointer for every problem."""
    try:
        data: dict[str, Any] = schema.load(body)
    except ma.ValidationError as exc:
        problems = list(field_problems(exc.messages))
        raise InvalidInputError(f"{len(problems)} field(s) need attention", errors=problems) from None
    return data


def field_problems(messages: Any, pointer: str = "") -> Iterator[FieldProblem]:
    """Turn marshmallow's nested messages into one problem per message."""
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from field_problems(value, pointer if key == "_schema" else f"{pointer}/{_escaped(key)}")
    elif isinstance(messages, list):
        for item in messages:
            if isinstance(item, str):
                yield FieldProblem(pointer, "schema", item)
            else:
                yield from field_problems(item, pointer)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
