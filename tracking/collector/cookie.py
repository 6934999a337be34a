"""The first-party cookie: the visitor's id, kept by the server for sites that lead to the collector themselves.

Browsers keep what a script stores for some days only, and what the page's own server sets for as long as it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from core.accounts.api import SiteKey
from core.asking import Environ, from_here

NAME = "_adrail_vid"
SECONDS = 365 * 24 * 3600
SAFE = re.compile(r"[A-Za-z0-9_.~-]{1,64}")


def wanted(environ: Environ, site: SiteKey | None) -> bool:
    """Whether to look for a visitor: the site asks for it, and the page's own address was called, not another one.

    The browser itself says so, whatever proxies did to the host; older ones are judged by the host.
    """
    if site is None or not site.visitor_cookie or "HTTP_ORIGIN" not in environ:
        return False
    said = environ.get("HTTP_SEC_FETCH_SITE")
    return said == "same-origin" if said else from_here(environ)


def visitor_of(events: Iterable[dict[str, Any]]) -> str | None:
    """The one visitor of accepted events who agreed to be recognised; None when there are several, or none did."""
    found = {
        event.get("visitor_id")
        for event in events
        if (event.get("consent_snapshot") or {}).get("analytics") and event["source_system"] == "web"
    }
    return found.pop() if len(found) == 1 else None


def cookie(site: SiteKey, visitor: str) -> tuple[str, str] | None:
    """The header that keeps the id; None for one that a cookie cannot hold."""
    if not SAFE.fullmatch(visitor):
        return None
    domain = f"; Domain={site.cookie_domain}" if site.cookie_domain else ""
    return "Set-Cookie", f"{NAME}={visitor}; Max-Age={SECONDS}; Path=/{domain}; Secure; SameSite=Lax"
