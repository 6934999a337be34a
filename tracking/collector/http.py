"""Endpoints of the collector."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from core.token_buckets import Bucket
from core.web import json_response, preflight
from tracking.collector.body import read_json
from tracking.collector.caller import Caller, identify, limits_of, with_cors
from tracking.collector.docs import BATCH_BODY, COLLECT_ANSWER, SINGLE_BODY
from tracking.collector.service import Answer, Sender, batch_events, collect

blp = Blueprint("collector", __name__, url_prefix="/api/tx", description="Collecting what visitors do")
blp.after_request(with_cors)
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}, {"bearer": []}]


@blp.route("/events", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=SINGLE_BODY, responses=COLLECT_ANSWER)
def one() -> Response:
    """Send one event. Always 202 once key, origin, size and JSON are fine; the counts tell what became of it."""
    caller = identify(scanners=True)
    return json_response(_take(caller, [read_json(request)], None).as_dict(), 202)


@blp.route("/events/batch", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=BATCH_BODY, responses=COLLECT_ANSWER)
def batch() -> Response:
    """Send up to 100 events. One bad event never sinks the others."""
    caller = identify(scanners=True)
    return json_response(_take(caller, *batch_events(read_json(request))).as_dict(), 202)


@blp.route("/collect", methods=["POST"])
@blp.doc(
    security=[{"write_key_query": []}],
    requestBody={"content": {"text/plain": {"schema": {"type": "string"}}}},
    responses={"204": {"description": "Taken"}},
)
def beacon() -> Response:
    """Send a batch or one event by `navigator.sendBeacon` as `text/plain`; key in the query, no preflight."""
    caller = identify()
    body = read_json(request)
    single = isinstance(body, dict) and "events" not in body and "event_name" in body
    _take(caller, *(([body], None) if single else batch_events(body)))
    return Response(status=204)


@blp.route("/events", methods=["OPTIONS"])
@blp.route("/events/batch", methods=["OPTIONS"])
@blp.route("/collect", methods=["OPTIONS"])
@blp.doc(responses={"204": {"description": "CORS preflight"}})
def options() -> Response:
    """Answer a CORS preflight."""
    return preflight("POST")


def _take(caller: Caller, events: list[Any], sent_at: str | None) -> Answer:
    visitors = [event.get("visitor_id") for event in events if isinstance(event, dict)]
    buckets = limits_of(caller, [visitor for visitor in visitors if isinstance(visitor, str)])
    return collect(_sender(caller, buckets), events, sent_at)


def _sender(caller: Caller, buckets: tuple[Bucket, ...]) -> Sender:
    agent = request.headers.get("User-Agent", "")[:1000]
    if caller.site is None:
        return Sender(caller.tenant_id, caller.trusted, None, caller.address, agent, buckets, scanner=caller.scanner)
    gpc, dnt = request.headers.get("Sec-GPC") == "1", request.headers.get("DNT") == "1"
    policy = caller.site.dnt_policy
    return Sender(
        caller.tenant_id,
        False,
        caller.site.site_id,
        caller.address,
        agent,
        buckets,
        privacy_signal=gpc or (dnt and policy == "no_marketing"),
        no_tracking=dnt and policy == "no_tracking",
    )
