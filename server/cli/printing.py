"""What strangers sent, in a form that a terminal only shows: it obeys no control characters in it."""

from __future__ import annotations

import json


def plain(text: object) -> str:
    """The text with everything that cannot be seen written as JSON writes it; lines stay lines."""
    return "\n".join("".join(map(_seen, line)) for line in str(text).split("\n"))


def one_line(text: object) -> str:
    """As `plain`, with line breaks written as well."""
    return "".join(map(_seen, str(text)))


def _seen(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
