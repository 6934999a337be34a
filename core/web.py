"""What every HTTP endpoint shares: who is asking, which site, JSON in and out; inside the framework."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
import orjson
from flask import Response, current_app, request

from core import asking
from core.accounts.api import Actor, SiteKey
from core.json_input import MediaTypeError, parse_json
from core.paging import MAX_LIMIT


class PageArgs(ma.Schema):
    """Query parameters of every list."""

    class Meta:
        """Unknown parameters are left to the endpoint's own schema."""

        unknown = ma.EXCLUDE

    limit = ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, MAX_LIMIT))
    cursor = ma.fields.String(load_default=None, allow_none=True)


def client_address() -> str:
    """The visitor's address; forwarded headers count only behind configured proxies (`trusted_proxies`)."""
    return asking.client_address(request.environ)


def actor_or_none() -> Actor | None:
    """Who the bearer key of this request stands for; raises `NotSignedInError` for a key that is not valid."""
    return asking.actor_or_none(request.environ)


def require_actor(permission: str) -> Actor:
    """The key's actor, with this permission; raises `NotSignedInError` or `ForbiddenError`."""
    return asking.require_actor(request.environ, permission)


def site_from_request() -> SiteKey:
    """The site of the public write key in `X-Adrail-Key` or `?key=`; raises `NotSignedInError`."""
    return asking.site_asked(request.environ)


def allow_origin(response: Response, site: SiteKey) -> Response:
    """Add CORS headers without credentials for the site's own origins."""
    response.headers.update(asking.cors_headers(request.environ, site))
    response.vary.add("Origin")
    return response


def preflight(methods: str) -> Response:
    """The answer to a CORS preflight; the real request is checked against the key's origins."""
    response = current_app.response_class(status=204, headers=asking.preflight_headers(request.environ, methods))
    response.vary.add("Origin")
    return response


def json_body() -> Any:
    """The request's JSON body; raises `BodyError` kinds when it is not sent as JSON or cannot be read as such."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise MediaTypeError("send the body as it is, without Content-Encoding", code="unsupported_encoding")
    if not request.is_json:
        raise MediaTypeError("send JSON, with the header `Content-Type: application/json`")
    return parse_json(request.get_data())


def json_response(body: Any, status: int = 200) -> Response:
    """Answer JSON."""
    return Response(orjson.dumps(body), status=status, content_type="application/json")
