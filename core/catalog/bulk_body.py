"""Reading the bodies of bulk calls: JSON, or NDJSON where one broken line costs one row."""

from __future__ import annotations

from typing import Any

from flask import request

from core.catalog.drafts import MAX_ROWS
from core.errors import FieldProblem, InvalidInputError
from core.json_input import BodyError, MediaTypeError, parse_json
from core.web import json_body

NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
BODY = 'send {"items": […]} as application/json, or one row a line as application/x-ndjson'


def rows_of_request() -> list[Any]:
    """Return the rows of this request; a line that is no JSON is a `FieldProblem` in its place.

    Raises `BodyError` kinds and `InvalidInputError` for a body that holds no list of rows.
    """
    if request.mimetype in NDJSON:
        return [_line(line) for line in request.get_data().splitlines() if line.strip()][: MAX_ROWS + 1]
    if not request.is_json:
        raise MediaTypeError(BODY)
    body = json_body()
    rows = body.get("items") if isinstance(body, dict) else None
    if not isinstance(rows, list) or set(body) != {"items"}:
        raise InvalidInputError(BODY, errors=[FieldProblem("/items", "required", BODY)])
    return rows


def _line(raw: bytes) -> Any:
    try:
        return parse_json(raw)
    except BodyError as exc:
        return FieldProblem("", exc.code, exc.detail)
