"""The demo's blueprint: form tokens, error pages, and a content policy that lets the platforms' pixels in."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from core.codes.api import csp_sources
from core.errors import DomainError
from webui import csp, problems
from webui.blueprint import check_form_token


def demo_blueprint(import_name: str) -> Blueprint:
    """Return the blueprint of the demo pages; they demand no sign-in."""
    blueprint = Blueprint("demo", import_name, url_prefix="/demo")
    blueprint.before_request(check_form_token)
    blueprint.after_request(_harden)
    for kind in (HTTPException, DomainError, Exception):
        blueprint.register_error_handler(kind, problems.page_for)
    return blueprint


def _harden(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
        # Pop-ups of consent tools and payment pages keep working with this one.
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
    return csp.harden(response, pixel_sources())


def pixel_sources() -> Mapping[str, tuple[str, ...]]:
    """Return the directives that the installed platforms' pixels need."""
    sources = csp_sources()
    return {
        "script-src": sources.script,
        "img-src": sources.img,
        "connect-src": sources.connect,
        "frame-src": sources.frame,
    }
