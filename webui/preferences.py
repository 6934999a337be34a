"""What a person chooses for their pages: language and theme."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from core.accounts.api import set_language
from core.config import settings
from core.languages import LANGUAGES
from webui import session
from webui.blueprint import page_blueprint

YEAR_SECONDS = 365 * 86_400

pages = page_blueprint("preferences", __name__, public=True, url_prefix="/preferences")


@pages.post("/language")
def choose_language() -> ResponseReturnValue:
    """Write pages in another language: for good when signed in, else in this browser."""
    code = request.form.get("language", "")
    known = session.profile_or_none()
    if code in LANGUAGES:
        session.remember_language(code)
        if known is not None:
            set_language(known.actor, code)
    return redirect(_back())


@pages.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Use light or dark in this browser, or what its system says."""
    theme = request.form.get("theme", "")
    response = redirect(_back())
    if theme in session.THEMES:
        secure = settings().base_url.startswith("https://")
        response.set_cookie(
            session.THEME_COOKIE, theme, max_age=YEAR_SECONDS, secure=secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(session.THEME_COOKIE)
    return response


def _back() -> str:
    return session.safe_next(request.form.get("next")) or url_for("overview.show")
