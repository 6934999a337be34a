"""JSON endpoints of tracking codes, for organiser tokens and server keys."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from core.accounts.api import Actor
from core.codes import probe, queries, service
from core.codes.schemas import (
    CodeIn,
    CodeListArgs,
    CodeOut,
    CodePageOut,
    CodeTestIn,
    CodeTestOut,
    NewCodeIn,
    code_wire,
    probe_wire,
)
from core.codes.views import CodeView
from core.errors import FieldProblem, InvalidInputError
from core.idempotency import idempotent
from core.validation import load
from core.web import json_body, json_response, require_actor

PERMISSION = "manage_tracking_codes"
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]

blp = Blueprint(
    "tracking_codes",
    __name__,
    url_prefix="/api/marketplace-client/organizer/tracking-codes",
    description="Whose pixels belong on which pages",
)


def _body(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _answer(code: CodeView, status: int = 200) -> Response:
    response = json_response(code_wire(code), status)
    response.set_etag(str(code.version))
    return response


def _scope(actor: Actor, path: str) -> str:
    # Keys of two organisers must not meet in one record.
    return f"tracking-codes{path}@{actor.organizer_id or 'marketplace'}"


def _expected_version(body: dict[str, Any]) -> int | None:
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return body.get("version")
    match = re.fullmatch(r'(?:W/)?"?(\d+)"?', header)
    if match is None:
        problem = FieldProblem("/If-Match", "format", "send the ETag of the answer you read, unchanged")
        raise InvalidInputError("the If-Match header is not usable", errors=[problem])
    return int(match[1])


@blp.route("")
class Codes(MethodView):
    """All codes of the caller."""

    @blp.doc(security=BEARER)
    @blp.arguments(CodeListArgs, location="query")
    @blp.response(200, CodePageOut)
    def get(self, args: dict[str, Any]) -> Response:
        """List codes, newest first."""
        page = queries.list_codes(
            require_actor(PERMISSION),
            provider=args["provider"],
            live_event_id=args["event"],
            enabled=args["enabled"],
            limit=args["limit"],
            cursor=args["cursor"],
        )
        return json_response({"items": [code_wire(item) for item in page.items], "next_cursor": page.next_cursor})

    @blp.doc(security=BEARER, requestBody=_body(NewCodeIn))
    @blp.response(201, CodeOut)
    def post(self) -> Response:
        """Create a code for a live event, an organiser or the marketplace."""
        actor = require_actor(PERMISSION)

        def work() -> Response:
            return _answer(service.create_code(actor, load(NewCodeIn(), json_body())), 201)

        return idempotent(actor.tenant_id, _scope(actor, ""), request, work)


@blp.route("/<int:code_id>")
class OneCode(MethodView):
    """One code."""

    @blp.doc(security=BEARER)
    @blp.response(200, CodeOut)
    def get(self, code_id: int) -> Response:
        """Read a code; secrets are never part of the answer."""
        return _answer(queries.get_code(require_actor(PERMISSION), code_id))

    @blp.doc(security=BEARER, requestBody=_body(CodeIn))
    @blp.response(200, CodeOut)
    def put(self, code_id: int) -> Response:
        """Replace a code's settings; what is left out gets its default, secrets stay."""
        return self._write(code_id, replace=True)

    @blp.doc(security=BEARER, requestBody=_body(CodeIn))
    @blp.response(200, CodeOut)
    def patch(self, code_id: int) -> Response:
        """Change some of a code; what is left out stays."""
        return self._write(code_id, replace=False)

    @blp.doc(security=BEARER)
    @blp.response(204)
    def delete(self, code_id: int) -> Response:
        """Delete a code."""
        actor = require_actor(PERMISSION)

        def work() -> Response:
            service.delete_code(actor, code_id)
            return Response(status=204)

        return idempotent(actor.tenant_id, _scope(actor, f"/{code_id}"), request, work)

    def _write(self, code_id: int, *, replace: bool) -> Response:
        actor = require_actor(PERMISSION)

        def work() -> Response:
            body = load(CodeIn(), json_body())
            expected = _expected_version(body)
            return _answer(service.update_code(actor, code_id, body, expected_version=expected, replace=replace))

        return idempotent(actor.tenant_id, _scope(actor, f"/{code_id}"), request, work)


@blp.route("/<int:code_id>/test")
class CodeTest(MethodView):
    """Trying a code out."""

    @blp.doc(security=BEARER, requestBody=_body(CodeTestIn))
    @blp.response(200, CodeTestOut)
    def post(self, code_id: int) -> Response:
        """Send a test event, or check the credentials, and say in plain words what the platform answered."""
        actor = require_actor(PERMISSION)

        def work() -> Response:
            body = load(CodeTestIn(), json_body() if request.get_data() else {})
            return json_response(probe_wire(probe.probe_code(actor, code_id, **body)))

        return idempotent(actor.tenant_id, _scope(actor, f"/{code_id}/test"), request, work)
