"""Endpoints that pages load their tracking from: tracking-config per page, SDK files, pixel adapters."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request
from flask_smorest import Blueprint

from core.accounts.api import SiteKey, find_site, write_key_of
from core.codes.api import CartPage, EventPage, OrganizerPage, Page, SitePage, explain, serve
from core.errors import NotFoundError
from core.validation import load
from core.web import allow_origin, json_body, json_response, preflight, require_actor, site_from_request
from tracking.config import scripts
from tracking.config.answers import PRIVATE, config_answer, script_answer
from tracking.config.schemas import CartIn, TrackingConfig, explanation_wire

BASE = "/api/marketplace-client"
PERMISSION = "manage_tracking_codes"
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}, {"write_key_query": []}]
EXPLAIN = {"in": "query", "name": "explain", "schema": {"type": "integer", "enum": [1]}}
CART_BODY = {"content": {"application/json": {"schema": CartIn}}}
SCRIPT = {"200": {"description": "JavaScript", "content": {"text/javascript": {"schema": {"type": "string"}}}}}

blp = Blueprint("tracking_config", __name__, description="What a page is to track, and the scripts that do it")


@blp.route(f"{BASE}/events/<slug>/tracking-config", methods=["GET"])
@blp.doc(security=SECURITY, parameters=[EXPLAIN])
@blp.response(200, TrackingConfig)
def for_event(slug: str) -> Response:
    """Configuration of a live event's page."""
    return _answer(EventPage(slug))


@blp.route(f"{BASE}/organizers/<slug>/tracking-config", methods=["GET"])
@blp.doc(security=SECURITY, parameters=[EXPLAIN])
@blp.response(200, TrackingConfig)
def for_organizer(slug: str) -> Response:
    """Configuration of an organiser's profile page."""
    return _answer(OrganizerPage(slug))


@blp.route(f"{BASE}/site/tracking-config", methods=["GET"])
@blp.doc(security=SECURITY, parameters=[EXPLAIN])
@blp.response(200, TrackingConfig)
def for_site() -> Response:
    """Configuration of every other page: the marketplace's own codes."""
    return _answer(SitePage())


@blp.route(f"{BASE}/carts/tracking-config", methods=["POST"])
@blp.doc(security=SECURITY, requestBody=CART_BODY, parameters=[EXPLAIN])
@blp.response(200, TrackingConfig)
def for_cart() -> Response:
    """Configuration of cart, checkout and thank-you pages: every organiser in the cart."""
    body = load(CartIn(), json_body())
    return _answer(CartPage(frozenset(body["live_event_ids"])))


@blp.route(f"{BASE}/events/<slug>/tracking-config", methods=["OPTIONS"])
@blp.route(f"{BASE}/organizers/<slug>/tracking-config", methods=["OPTIONS"])
@blp.route(f"{BASE}/site/tracking-config", methods=["OPTIONS"])
@blp.route(f"{BASE}/carts/tracking-config", methods=["OPTIONS"])
@blp.doc(responses={"204": {"description": "CORS preflight"}})
def options(slug: str = "") -> Response:  # noqa: ARG001 - some of the routes have one
    """Answer a CORS preflight."""
    return preflight("GET, POST")


@blp.route("/sdk/v1/pixels/<provider>.js", methods=["GET"])
@blp.doc(responses=SCRIPT)
def pixel_adapter(provider: str) -> Response:
    """The script that drives one platform's pixel."""
    return script_answer(scripts.adapter(provider))


@blp.route("/sdk/v1/<name>", methods=["GET"])
@blp.doc(responses=SCRIPT)
def sdk_file(name: str) -> Response:
    """A file of the browser SDK: `adrail.js`, `pixels.js`."""
    return script_answer(scripts.sdk_file(name))


def _answer(page: Page) -> Response:
    if request.args.get("explain") == "1":
        return _explained(page)
    site = site_from_request()
    return config_answer(serve(site, page), site)


def _explained(page: Page) -> Response:
    actor = require_actor(PERMISSION)
    site = _site_of(actor.tenant_id)
    explanation = explanation_wire(explain(actor, page))
    document: dict[str, Any] = orjson.loads(serve(site, page).body)
    response = json_response({**document, "explanation": explanation})
    response.headers["Cache-Control"] = PRIVATE
    return allow_origin(response, site)


def _site_of(tenant_id: int) -> SiteKey:
    if request.headers.get("X-Adrail-Key") or request.args.get("key"):
        site: SiteKey | None = site_from_request()
    else:
        site = find_site(write_key_of(tenant_id))
    if site is None or site.tenant_id != tenant_id:
        raise NotFoundError("the write key and the bearer key belong to different marketplaces")
    return site
