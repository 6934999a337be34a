"""Endpoints of the collector."""

from __future__ import annotations

from typing import Any

import redis
from flask import Response, request
from flask_smorest import Blueprint

from core.accounts.api import Actor, SiteKey
from core.config import settings
from core.errors import ForbiddenError, TooManyRequestsError, UnavailableError
from core.web import (
    actor_or_none,
    allow_origin,
    bearer_key,
    client_address,
    json_response,
    origin_allowed,
    preflight,
    site_from_request,
)
from tracking.collector import limits
from tracking.collector.body import read_json
from tracking.collector.docs import BATCH_BODY, COLLECT_ANSWER, SINGLE_BODY
from tracking.collector.service import Sender, batch_events, collect

blp = Blueprint("collector", __name__, url_prefix="/api/tx", description="Collecting what visitors do")
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}, {"bearer": []}]


@blp.route("/events", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=SINGLE_BODY, responses=COLLECT_ANSWER)
def one() -> Response:
    """Send one event. Always 202 once key, origin, size and JSON are fine; the counts tell what became of it."""
    sender, site = _sender()
    body = read_json(request)
    _limit(sender, [body])
    return _with_cors(json_response(collect(sender, [body]).as_dict(), 202), site)


@blp.route("/events/batch", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=BATCH_BODY, responses=COLLECT_ANSWER)
def batch() -> Response:
    """Send up to 100 events. One bad event never sinks the others."""
    sender, site = _sender()
    events, sent_at = batch_events(read_json(request))
    _limit(sender, events)
    return _with_cors(json_response(collect(sender, events, sent_at).as_dict(), 202), site)


@blp.route("/collect", methods=["POST"])
@blp.doc(
    security=[{"write_key_query": []}],
    requestBody={"content": {"text/plain": {"schema": {"type": "string"}}}},
    responses={"204": {"description": "Taken"}},
)
def beacon() -> Response:
    """Send a batch by `navigator.sendBeacon` as `text/plain`; key in the query, no preflight."""
    sender, site = _sender()
    events, sent_at = batch_events(read_json(request))
    _limit(sender, events)
    collect(sender, events, sent_at)
    return _with_cors(Response(status=204), site)


@blp.route("/events", methods=["OPTIONS"])
@blp.route("/events/batch", methods=["OPTIONS"])
@blp.route("/collect", methods=["OPTIONS"])
@blp.doc(responses={"204": {"description": "CORS preflight"}})
def options() -> Response:
    """Answer a CORS preflight."""
    return preflight("POST")


def _sender() -> tuple[Sender, SiteKey | None]:
    agent = request.headers.get("User-Agent", "")[:1000]
    if bearer_key():
        actor = actor_or_none()
        if actor is None or "collect" not in actor.permissions:
            raise ForbiddenError("this key may not send events; use a server key", code="permission_missing")
        return _trusted(actor, agent), None
    site = site_from_request()
    if not origin_allowed(site):
        raise ForbiddenError(
            f"origin {request.headers['Origin']!r} is not on the site's list; add it to the allowed origins",
            code="origin_not_allowed",
        )
    signals = {"Sec-GPC": request.headers.get("Sec-GPC") == "1", "DNT": request.headers.get("DNT") == "1"}
    return Sender(
        site.tenant_id,
        False,
        site.site_id,
        client_address(),
        agent,
        signals["Sec-GPC"] or (signals["DNT"] and site.dnt_policy == "no_marketing"),
        signals["DNT"] and site.dnt_policy == "no_tracking",
    ), site


def _trusted(actor: Actor, agent: str) -> Sender:
    return Sender(actor.tenant_id, True, None, client_address(), agent)


def _limit(sender: Sender, events: list[Any]) -> None:
    config = settings()
    if sender.trusted:
        buckets = [limits.Bucket(f"{sender.tenant_id}:server", config.rate_per_server_key)]
    else:
        visitors = {event.get("visitor_id") for event in events if isinstance(event, dict)}
        buckets = [limits.Bucket(f"address:{sender.address}", config.rate_per_address)]
        buckets += [
            limits.Bucket(f"{sender.tenant_id}:visitor:{visitor[:64]}", config.rate_per_visitor)
            for visitor in visitors
            if isinstance(visitor, str)
        ]
    try:
        wait = limits.take(buckets)
    except redis.RedisError:
        raise UnavailableError("the event stream is away; send again", retry_after=5) from None
    if wait:
        raise TooManyRequestsError("too many requests; wait and send again", retry_after=wait)


def _with_cors(response: Response, site: SiteKey | None) -> Response:
    return allow_origin(response, site) if site else response
