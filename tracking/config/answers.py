"""How configurations and scripts are cached by browsers and proxies."""

from __future__ import annotations

from flask import Response, request

from core.accounts.api import SiteKey
from core.codes.api import Entry
from core.web import allow_origin
from tracking.config.scripts import Script

CONFIG_CACHE = "public, max-age=60, stale-while-revalidate=300"
STALE_CACHE = "public, max-age=5"
PRIVATE = "private, no-store"
VERSIONED = "public, max-age=31536000, immutable"
UNVERSIONED = "public, max-age=300, stale-while-revalidate=86400"


def config_answer(entry: Entry, site: SiteKey) -> Response:
    """Answer a configuration: 304 when the caller has it; a stale one is not to be kept."""
    response = Response(entry.body, content_type="application/json")
    response.set_etag(entry.etag)
    response.headers["Cache-Control"] = STALE_CACHE if entry.stale else CONFIG_CACHE
    response.vary.add("X-Adrail-Key")
    return allow_origin(_not_modified(response), site)


def script_answer(script: Script) -> Response:
    """Answer a script, to any page; for a year when its URL names this very version."""
    response = Response(script.content, content_type=script.content_type)
    response.set_etag(script.version)
    versioned = request.args.get("v") == script.version
    response.headers["Cache-Control"] = VERSIONED if versioned else UNVERSIONED
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return _not_modified(response)


def _not_modified(response: Response) -> Response:
    if request.method in {"GET", "HEAD"}:
        response.make_conditional(request)
    return response
