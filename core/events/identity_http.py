"""JSON endpoints by which staff say that a visitor is a person, or is not, and take it back."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from core.events.identity_decisions import Decision, decide, visitor_decisions
from core.events.identity_schemas import DecisionIn, DecisionPageOut
from core.idempotency import idempotent
from core.paging import Page
from core.validation import load
from core.web import PageArgs, json_body, require_actor

VIEW, CHANGE = "view_persons", "manage_catalog"
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
BODY = {"content": {"application/json": {"schema": DecisionIn}}}

blp = Blueprint("api_visitors", __name__, url_prefix="/api/v1/persons", description="Which visitors a person is")


@blp.get("/<path:external_id>/visitor-decisions")
@blp.doc(security=BEARER)
@blp.arguments(PageArgs, location="query")
@blp.response(200, DecisionPageOut)
def show_decisions(args: dict[str, Any], external_id: str) -> Page[Decision]:
    """What people decided about this person's visitors and did not take back."""
    return visitor_decisions(require_actor(VIEW), external_id, **args)


@blp.post("/<path:external_id>/visitor-decisions")
@blp.doc(security=BEARER, requestBody=BODY)
@blp.response(204)
def make_decision(external_id: str) -> Response:
    """Say that a visitor is this person, or never was, or take back what was said; events follow within a minute."""
    actor = require_actor(CHANGE)

    def work() -> Response:
        decide(actor, external_id, **load(DecisionIn(), json_body()))
        return Response(status=204)

    return idempotent(actor.tenant_id, f"persons/{external_id}/visitor-decisions", request, work)
