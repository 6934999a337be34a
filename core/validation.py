"""Reading request bodies with marshmallow schemas, with our kind of error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import marshmallow as ma

from adrail import Phrase, phrase
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
                yield FieldProblem(pointer, "schema", spoken(item))
            else:
                yield from field_problems(item, pointer)


def spoken(text: str) -> str:
    """Return a message of the framework with its values apart, so that pages can say it in the reader's language."""
    if isinstance(text, Phrase):
        return text
    for pattern, template in OF_FRAMEWORK:
        if found := pattern.fullmatch(text):
            return phrase(template, **found.groupdict())
    return text


# What marshmallow says by itself; other texts of it are replaced where fields are declared.
OF_FRAMEWORK = tuple(
    (re.compile(pattern), template)
    for pattern, template in (
        (
            r"Longer than maximum length (?P<most>\d+)\.",
            phrase("Longer than maximum length %(most)s.", most=0).template,
        ),
        (
            r"Shorter than minimum length (?P<least>\d+)\.",
            phrase("Shorter than minimum length %(least)s.", least=0).template,
        ),
        (
            r"Length must be between (?P<least>\d+) and (?P<most>\d+)\.",
            phrase("Length must be between %(least)s and %(most)s.", least=0, most=0).template,
        ),
        (
            r"Must be greater than or equal to (?P<least>[-\d.]+) and less than or equal to (?P<most>[-\d.]+)\.",
            phrase("Use a number from %(least)s to %(most)s.", least=0, most=0).template,
        ),
        (
            r"Must be greater than or equal to (?P<least>[-\d.]+)\.",
            phrase("Must be greater than or equal to %(least)s.", least=0).template,
        ),
        (
            r"Must be less than or equal to (?P<most>[-\d.]+)\.",
            phrase("Must be less than or equal to %(most)s.", most=0).template,
        ),
        (r"Must be one of: (?P<choices>.*)\.", phrase("Must be one of: %(choices)s.", choices="").template),
    )
)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
