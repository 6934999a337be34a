"""problem+json (RFC 9457) answers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import orjson
from flask import Response, g


class ProblemField(ma.Schema):
    """One wrong field."""

    pointer = ma.fields.String(required=True)
    rule = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class Problem(ma.Schema):
    """The body of every error answer."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    code = ma.fields.String(required=True, metadata={"description": "stable; decide by this"})
    detail = ma.fields.String(required=True)
    errors = ma.fields.List(ma.fields.Nested(ProblemField), required=True)
    request_id = ma.fields.String(required=True)


def problem_response(status: int, code: str, title: str, detail: str, errors: list[dict[str, Any]]) -> Response:
    """Make one; ``code`` is stable text that clients decide by."""
    body = {
        "type": f"urn:adrail:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors,
        "request_id": g.get("request_id", ""),
    }
    return Response(orjson.dumps(body), status=status, content_type="application/problem+json")
