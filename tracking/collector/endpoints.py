"""The three collect endpoints: from a WSGI environment to a reply, for the front door and for the framework alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from core.asking import Environ, Headers, cors_headers, preflight_headers
from core.replies import JSON, Reply
from core.token_buckets import Bucket
from tracking.collector import cookie
from tracking.collector.body import read_json
from tracking.collector.caller import Caller, calling_site, identify, limits_of
from tracking.collector.service import Answer, Sender, batch_events, collect
from tracking.registry.limits import is_plain

VARY = ("Vary", "Origin")
METHODS = ("POST", "OPTIONS")


def one(environ: Environ) -> Reply:
    """Take one event."""
    caller = identify(environ, scanners=True)
    event, raw = read_json(environ)
    counts = _take(environ, caller, [event], None, raw)
    return Reply(202, [JSON, *_remembered(caller, counts)], orjson.dumps(counts.as_dict()))


def batch(environ: Environ) -> Reply:
    """Take up to 100 events."""
    caller = identify(environ, scanners=True)
    body, raw = read_json(environ)
    counts = _take(environ, caller, *batch_events(body), raw)
    return Reply(202, [JSON, *_remembered(caller, counts)], orjson.dumps(counts.as_dict()))


def beacon(environ: Environ) -> Reply:
    """Take a batch or one event, and say nothing."""
    caller = identify(environ)
    body, raw = read_json(environ)
    single = isinstance(body, dict) and "events" not in body and "event_name" in body
    counts = _take(environ, caller, *(([body], None) if single else batch_events(body)), raw)
    return Reply(204, _remembered(caller, counts))


ENDPOINTS: Mapping[str, tuple[str, Callable[[Environ], Reply]]] = {
    "/api/tx/events": ("one", one),
    "/api/tx/events/batch": ("batch", batch),
    "/api/tx/collect": ("beacon", beacon),
}
"""Path → the endpoint's name and what answers a `POST` of it."""


def answer(environ: Environ, path: str) -> Reply:
    """Answer `POST` and `OPTIONS` of one of `ENDPOINTS`; raises kinds of `DomainError`."""
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return Reply(204, [*preflight_headers(environ, "POST"), VARY])
    return ENDPOINTS[path][1](environ)


def readable_by_pages(environ: Environ, reply: Reply) -> Reply:
    """Let the site's pages read an answer, refusals included: a page must be able to see `Retry-After`."""
    site = calling_site(environ)
    if site is not None:
        reply.headers.extend(cors_headers(environ, site))
        reply.headers.append(VARY)
    return reply


def _remembered(caller: Caller, counts: Answer) -> Headers:
    """The cookie that keeps the visitor's id, where the site wants one."""
    found = cookie.cookie(caller.site, counts.visitor) if caller.site and counts.visitor else None
    return [found] if found else []


def _take(environ: Environ, caller: Caller, events: list[Any], sent_at: str | None, raw: bytes) -> Answer:
    named = [event.get("visitor_id") for event in events if isinstance(event, dict)]
    buckets = limits_of(caller, {visitor for visitor in named if isinstance(visitor, str)})
    return collect(_sender(environ, caller, buckets), events, sent_at, plain=is_plain(raw))


def _sender(environ: Environ, caller: Caller, buckets: tuple[Bucket, ...]) -> Sender:
    agent = environ.get("HTTP_USER_AGENT", "")[:1000]
    if caller.site is None:
        return Sender(caller.tenant_id, caller.trusted, None, caller.address, agent, buckets, scanner=caller.scanner)
    gpc, dnt = environ.get("HTTP_SEC_GPC") == "1", environ.get("HTTP_DNT") == "1"
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
        recognise=cookie.wanted(environ, caller.site),
        # Every browser says which languages its user reads, and what kind of request this is.
        bare_headers=not environ.get("HTTP_ACCEPT_LANGUAGE") and not environ.get("HTTP_SEC_FETCH_MODE"),
    )
