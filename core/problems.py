"""problem+json (RFC 9457): its schema, and the answers that errors become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import marshmallow as ma
import orjson
from flask import Response, g
from werkzeug.exceptions import HTTPException

from core.errors import DomainError, FieldProblem
from core.replies import Reply
from core.validation import field_problems

# Stable texts of our own; the framework's names of statuses change between its versions.
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    411: "length_required",
    413: "body_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
    431: "headers_too_large",
    500: "internal_error",
    503: "unavailable",
}
PLACES = {"json", "query", "querystring", "headers", "path", "form"}


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


def problem_reply(
    status: int, code: str, title: str, detail: str, errors: list[dict[str, Any]], request_id: str
) -> Reply:
    """Make one outside the framework; ``code`` is stable text that clients decide by."""
    body = {
        "type": f"urn:adrail:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors,
        "request_id": request_id,
    }
    return Reply(status, [("Content-Type", "application/problem+json")], orjson.dumps(body))


def domain_reply(error: DomainError, request_id: str) -> Reply:
    """Answer a domain error outside the framework."""
    reply = problem_reply(
        error.status, error.code, error.title, error.detail, [e.as_dict() for e in error.errors], request_id
    )
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        reply.headers.append(("Retry-After", str(retry_after)))
    if error.status == 401:
        reply.headers.append(("WWW-Authenticate", "Bearer"))
    return reply


def problem_response(status: int, code: str, title: str, detail: str, errors: list[dict[str, Any]]) -> Response:
    """Make one; ``code`` is stable text that clients decide by."""
    return problem_reply(status, code, title, detail, errors, g.get("request_id", "")).response()


def handle_domain_error(error: DomainError) -> Response:
    """Answer a domain error as problem+json."""
    return domain_reply(error, g.get("request_id", "")).response()


def handle_http_error(error: HTTPException) -> Response:
    """Answer the framework's own errors as problem+json, with the field messages that webargs found."""
    status = error.code or 500
    messages: Any = (getattr(error, "data", None) or {}).get("messages", {})
    problems = [problem.as_dict() for problem in _field_problems(messages)]
    code = CODES.get(status, f"http_{status}")
    response = problem_response(status, code, error.name, error.description or "", problems)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _field_problems(messages: Any) -> Iterator[FieldProblem]:
    """One problem a message; webargs puts the place (json, query) on top, the pointer starts below it."""
    for place, below in messages.items() if isinstance(messages, dict) else ():
        yield from field_problems(below if place in PLACES else {place: below})
