"""Content-Security-Policy and the other security headers of pages; one nonce per request."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from flask import Response, g

from core.config import settings

BASE_POLICY: Mapping[str, tuple[str, ...]] = {
    "default-src": ("'none'",),
    "style-src": ("'self'",),
    # `data:` is for the small shapes inside Tabler's own style sheet (check marks, arrows).
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "form-action": ("'self'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
}
HSTS = "max-age=31536000; includeSubDomains"


def nonce() -> str:
    """The nonce of this request; every script tag of the page carries it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    value: str = g.csp_nonce
    return value


def policy(extra: Mapping[str, Iterable[str]] | None = None) -> str:
    """Return the policy's text; ``extra`` adds sources per directive, for pages that carry pixels."""
    directives = {name: list(sources) for name, sources in BASE_POLICY.items()}
    directives["script-src"] = [f"'nonce-{nonce()}'"]
    for name, sources in (extra or {}).items():
        known = directives.setdefault(name, [])
        known.extend(source for source in sources if source not in known)
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


def harden(response: Response, extra: Mapping[str, Iterable[str]] | None = None) -> Response:
    """Add the security headers of a page to a response."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy(extra))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
    if settings().env == "production":
        headers.setdefault("Strict-Transport-Security", HSTS)
    return response
