"""The collect endpoints as the framework documents them; the front door before it answers, by the same code."""

from __future__ import annotations

from flask import Response, request
from flask_smorest import Blueprint

from core.web import allow_origin
from tracking.collector import endpoints
from tracking.collector.caller import calling_site
from tracking.collector.docs import BATCH_BODY, COLLECT_ANSWER, SINGLE_BODY

blp = Blueprint("collector", __name__, url_prefix="/api/tx", description="Collecting what visitors do")
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}, {"bearer": []}]


@blp.after_request
def with_cors(response: Response) -> Response:
    """Let the site's pages read an answer, refusals included: a page must be able to see `Retry-After`."""
    site = calling_site(request.environ)
    return allow_origin(response, site) if site else response


@blp.route("/events", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=SINGLE_BODY, responses=COLLECT_ANSWER)
def one() -> Response:
    """Send one event. Always 202 once key, origin, size and JSON are fine; the counts tell what became of it."""
    return _answer()


@blp.route("/events/batch", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=BATCH_BODY, responses=COLLECT_ANSWER)
def batch() -> Response:
    """Send up to 100 events. One bad event never sinks the others."""
    return _answer()


@blp.route("/collect", methods=["POST"])
@blp.doc(
    security=[{"write_key_query": []}],
    requestBody={"content": {"text/plain": {"schema": {"type": "string"}}}},
    responses={"204": {"description": "Taken"}},
)
def beacon() -> Response:
    """Send a batch or one event by `navigator.sendBeacon` as `text/plain`; key in the query, no preflight."""
    return _answer()


@blp.route("/events", methods=["OPTIONS"])
@blp.route("/events/batch", methods=["OPTIONS"])
@blp.route("/collect", methods=["OPTIONS"])
@blp.doc(responses={"204": {"description": "CORS preflight"}})
def options() -> Response:
    """Answer a CORS preflight."""
    return _answer()


def _answer() -> Response:
    """The framework's own path to the same answer; a path that it repaired first comes this way."""
    return endpoints.answer(request.environ, str(request.url_rule)).response()
