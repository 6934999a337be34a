"""Who is asking, read from a WSGI environment: keys, address, origin; the same inside the framework and before it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request
from werkzeug.wsgi import get_host

from core.accounts.api import Actor, SiteKey, authenticate_key, find_site, touch_key
from core.errors import FieldProblem, ForbiddenError, NotSignedInError

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

ACTOR = "adrail.actor"
"""Where the environment keeps who the bearer key stands for: it is asked for several times a request."""


def client_address(environ: Environ) -> str:
    """The visitor's address; forwarded headers count only behind configured proxies (`trusted_proxies`)."""
    return environ.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 - a value, not a bind address


def bearer_key(environ: Environ) -> str | None:
    """The bearer key of this request, if any."""
    scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def write_key(environ: Environ) -> str | None:
    """The public write key of this request, in `X-Adrail-Key` or `?key=`, if any."""
    key = environ.get("HTTP_X_ADRAIL_KEY")
    if not key and environ.get("QUERY_STRING"):
        key = Request(environ).args.get("key")
    return key or None


def actor_or_none(environ: Environ) -> Actor | None:
    """Who the bearer key of this request stands for; raises `NotSignedInError` for a key that is not valid."""
    if ACTOR not in environ:
        key = bearer_key(environ)
        actor = environ[ACTOR] = authenticate_key(key) if key else None
        if key and actor is None:
            raise NotSignedInError("this key is unknown, expired or revoked", code="invalid_key")
        if actor:
            touch_key(actor)
    found: Actor | None = environ[ACTOR]
    return found


def require_actor(environ: Environ, permission: str) -> Actor:
    """The key's actor, with this permission; raises `NotSignedInError` or `ForbiddenError`."""
    actor = actor_or_none(environ)
    if actor is None:
        raise NotSignedInError("send a key as `Authorization: Bearer …`", code="key_missing")
    if permission not in actor.permissions:
        raise ForbiddenError(f"this key does not have the permission {permission!r}", code="permission_missing")
    return actor


def site_asked(environ: Environ) -> SiteKey:
    """The site of the public write key in `X-Adrail-Key` or `?key=`; raises `NotSignedInError`."""
    key = write_key(environ)
    if key is None:
        problem = FieldProblem("/key", "required", "send the site's write key as X-Adrail-Key or ?key=")
        raise NotSignedInError("the write key is missing", errors=[problem], code="key_missing")
    site = find_site(key)
    if site is None:
        raise NotSignedInError("the write key is not known", code="invalid_key")
    return site


def origin_allowed(environ: Environ, site: SiteKey) -> bool:
    """Whether the request's Origin may use this site's key; without Origin it is no cross-origin call of a browser."""
    origin = environ.get("HTTP_ORIGIN")
    allowed = site.allowed_origins
    return origin is None or origin in allowed or "*" in allowed or from_here(environ)


def from_here(environ: Environ) -> bool:
    """Whether the page that asks has the host that it asks: one served here, or through the site's own proxy."""
    try:
        return urlsplit(environ.get("HTTP_ORIGIN", "")).netloc == get_host(environ)
    except ValueError:  # no address at all
        return False


def cors_headers(environ: Environ, site: SiteKey) -> Headers:
    """CORS headers without credentials for the site's own origins; `Vary` not among them."""
    origin = environ.get("HTTP_ORIGIN")
    if not origin or not origin_allowed(environ, site):
        return []
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "Retry-After, X-Request-Id, ETag"),
    ]


def preflight_headers(environ: Environ, methods: str) -> Headers:
    """Headers of the answer to a CORS preflight; the real request is checked against the key's origins."""
    return [
        ("Access-Control-Allow-Origin", environ.get("HTTP_ORIGIN", "*")),
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding, X-Adrail-Key, Authorization"),
        ("Access-Control-Max-Age", "7200"),
    ]
