"""What every HTTP endpoint shares: who is asking, which site and origin, JSON in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
import orjson
from flask import Response, current_app, g, request

from core.accounts.api import Actor, SiteKey, authenticate_key, find_site, touch_key
from core.errors import FieldProblem, ForbiddenError, NotSignedInError
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
    return request.remote_addr or "0.0.0.0"  # noqa: S104 - a value, not a bind address


def bearer_key() -> str | None:
    """The bearer key of this request, if any."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def actor_or_none() -> Actor | None:
    """Who the bearer key of this request stands for; raises `NotSignedInError` for a key that is not valid."""
    if "actor" not in g:
        key = bearer_key()
        g.actor = authenticate_key(key) if key else None
        if key and g.actor is None:
            raise NotSignedInError("this key is unknown, expired or revoked", code="invalid_key")
        if g.actor:
            touch_key(g.actor)
    actor: Actor | None = g.actor
    return actor


def require_actor(permission: str) -> Actor:
    """The key's actor, with this permission; raises `NotSignedInError` or `ForbiddenError`."""
    actor = actor_or_none()
    if actor is None:
        raise NotSignedInError("send a key as `Authorization: Bearer …`", code="key_missing")
    if permission not in actor.permissions:
        raise ForbiddenError(f"this key does not have the permission {permission!r}", code="permission_missing")
    return actor


def site_from_request() -> SiteKey:
    """The site of the public write key in `X-Adrail-Key` or `?key=`; raises `NotSignedInError`."""
    key = request.headers.get("X-Adrail-Key") or request.args.get("key")
    if not key:
        problem = FieldProblem("/key", "required", "send the site's write key as X-Adrail-Key or ?key=")
        raise NotSignedInError("the write key is missing", errors=[problem], code="key_missing")
    site = find_site(key)
    if site is None:
        raise NotSignedInError("the write key is not known", code="invalid_key")
    return site


def origin_allowed(site: SiteKey) -> bool:
    """Whether the request's Origin may use this site's key; without Origin it is no cross-origin call of a browser."""
    origin = request.headers.get("Origin")
    if origin is None or origin in site.allowed_origins or "*" in site.allowed_origins:
        return True
    # Pages served here, or through the site's own proxy, are not cross-origin at all.
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:  # no address at all
        return False


def allow_origin(response: Response, site: SiteKey) -> Response:
    """Add CORS headers without credentials for the site's own origins."""
    origin = request.headers.get("Origin")
    if origin and origin_allowed(site):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-Id, ETag"
    response.vary.add("Origin")
    return response


def preflight(methods: str) -> Response:
    """The answer to a CORS preflight; the real request is checked against the key's origins."""
    response = current_app.response_class(status=204)
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin", "*")
    response.headers["Access-Control-Allow-Methods"] = methods
    response.headers["Access-Control-Allow-Headers"] = "Content-Type, Content-Encoding, X-Adrail-Key, Authorization"
    response.headers["Access-Control-Max-Age"] = "7200"
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
