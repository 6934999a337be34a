"""The blueprint every part of the web UI is made of: sign-in, CSRF, headers and error pages in one place."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, request
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect

from webui import csp, problems, session, static_files

csrf = CSRFProtect()


def page_blueprint(name: str, import_name: str, *, public: bool = False, url_prefix: str | None = None) -> Blueprint:
    """Return a blueprint for pages; unless ``public``, every view demands sign-in."""
    blueprint = Blueprint(name, import_name, url_prefix=url_prefix)
    blueprint.before_request(check_form_token)
    if not public:
        blueprint.before_request(_demand_sign_in)
    blueprint.after_request(_private)
    problems.attach(blueprint)
    return blueprint


def shared_files() -> Blueprint:
    """The blueprint that holds templates and static files of the web UI."""
    blueprint = Blueprint(
        "webui", __name__, static_folder="static", static_url_path="/assets", template_folder="templates"
    )
    blueprint.after_request(static_files.keep_for_a_year)
    blueprint.after_request(csp.harden)
    return blueprint


def check_form_token() -> None:
    """Refuse a form that was not made for this visitor."""
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        csrf.protect()


def _demand_sign_in() -> Response | None:
    return None if current_user.is_authenticated else session.ask_to_sign_in()


def _private(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return csp.harden(response)


def init_app(app: Flask) -> None:
    """Prepare form tokens: bound to the session's life, checked only by our own blueprints."""
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    csrf.init_app(app)
