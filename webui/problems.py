"""Error pages: what happened, what it means, what to do next."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, g, make_response, render_template, request
from flask_babel import lazy_gettext as later
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from core.errors import DomainError
from webui import csp

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads on an error page."""

    title: str
    text: str
    icon: str = "alert-triangle"


NOT_FOUND = Words(
    later("There is nothing here"), later("The page was removed, or it belongs to someone else."), icon="search"
)
FORBIDDEN = Words(
    later("This is not yours to open"), later("Ask an owner of your team for the right to see it."), icon="lock"
)
TIER = Words(
    later("This comes with a larger plan"),
    later("Ask the marketplace which plan includes it. Everything you have goes on as before."),
    icon="lock",
)
EXPIRED = Words(
    later("This page was open for too long"),
    later("You were signed out in the meantime, so nothing was saved. Go back, reload the page and send it again."),
    icon="clock",
)
BUSY = Words(
    later("A moment, please"),
    later("A part of adrail is not answering right now. Nothing was lost; try again shortly."),
)
BROKEN = Words(
    later("Something broke on our side"),
    later("Nothing you did was wrong. Try again; if it stays, send us the number below."),
)
STRANGE = Words(
    later("That did not work"), later("The address or the form was not complete. Go back and try once more.")
)

BY_CODE = {"tier_missing": TIER}
BY_STATUS = {403: FORBIDDEN, 404: NOT_FOUND, 410: NOT_FOUND, 429: BUSY, 500: BROKEN, 503: BUSY}


def page(status: int, words: Words | None = None) -> Response:
    """Return an error page, or the part of one for a request that renews a part; works outside our blueprints too."""
    chosen = words or BY_STATUS.get(status, BROKEN if status >= 500 else STRANGE)
    template = "problem_part.html" if request.headers.get("HX-Request") else "problem.html"
    body = render_template(template, words=chosen, status=status, request_id=g.get("request_id", ""))
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    return csp.harden(response)


def page_for(error: Exception) -> Response:
    """Return the error page of any exception; unknown ones are logged and answered with 500."""
    if isinstance(error, CSRFError):
        return page(400, EXPIRED)
    if isinstance(error, DomainError):
        return page(error.status, BY_CODE.get(error.code))
    if isinstance(error, HTTPException):
        if error.response is not None or (error.code or 500) < 400:
            return make_response(error.get_response())
        return page(error.code or 500)
    log.error("page failed", exc_info=error)
    return page(500)


def attach(blueprint: Blueprint) -> None:
    """Answer every error of a blueprint's views with a page."""
    blueprint.register_error_handler(HTTPException, page_for)
    blueprint.register_error_handler(DomainError, page_for)
    blueprint.register_error_handler(Exception, page_for)
