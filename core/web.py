"""What every HTTP endpoint shares: who is asking, which site, one idea of an error, one kind of page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
import orjson
from flask import Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from core.accounts.api import Actor, SiteKey, authenticate_key, find_site, touch_key
from core.errors import DomainError, FieldProblem, ForbiddenError, NotSignedInError
from core.paging import MAX_LIMIT
from core.problems import problem_response


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
    return urlsplit(origin).netloc == request.host


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


def handle_domain_error(error: DomainError) -> Response:
    """Answer a domain error as problem+json."""
    response = problem_response(
        error.status, error.code, error.title, error.detail, [e.as_dict() for e in error.errors]
    )
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def handle_http_error(error: HTTPException) -> Response:
    """Answer the framework's own errors as problem+json, with the field messages that webargs found."""
    status = error.code or 500
    messages: Any = getattr(error, "data", {}).get("messages", {}) if hasattr(error, "data") else {}
    problems = list(_flatten(messages))
    code = "invalid_input" if problems else (error.name or "error").lower().replace(" ", "_")
    response = problem_response(status, code, error.name, error.description or "", problems)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _flatten(messages: Any, pointer: str = "") -> Any:
    if isinstance(messages, dict):
        for key, value in messages.items():
            # webargs puts the place (json, query) on top; the pointer starts below it.
            below = pointer if not pointer and key in {"json", "query", "headers"} else f"{pointer}/{key}"
            yield from _flatten(value, below)
    elif isinstance(messages, list):
        for item in messages:
            if isinstance(item, str):
                yield FieldProblem(pointer, "schema", item).as_dict()
            else:
                yield from _flatten(item, pointer)


def json_body() -> Any:
    """The request's JSON; raises `BadRequest` as problem+json when it is not JSON."""
    return request.get_json(force=True)


def json_response(body: Any, status: int = 200) -> Response:
    """Answer JSON."""
    return Response(orjson.dumps(body), status=status, content_type="application/json")
