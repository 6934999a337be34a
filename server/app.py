"""The application factory: mounts every blueprint, answers errors, adds ids, logs and metrics to requests."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_smorest import Api
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

import webui.app
import webui.problems
from core.accounts.audit_http import blp as audit
from core.accounts.key_http import blp as keys
from core.accounts.key_http import sites
from core.accounts.people_http import blp as people
from core.api_document import decimal_as_text
from core.catalog.catalog_http import blp as catalog
from core.catalog.http import blp as orders
from core.catalog.person_http import blp as persons
from core.catalog.taste_http import blp as tastes
from core.codes.http import blp as codes
from core.config import Settings, settings
from core.delivery.http import blp as deliveries
from core.errors import DomainError
from core.events.identity_http import blp as visitors
from core.paging import MAX_ID
from core.payments.http import blp as payment_webhooks
from core.problems import Problem, handle_domain_error, handle_http_error
from core.registry import registry
from server import health, metrics, requests
from server.failures import InternalError, domain_error_of
from server.front import Front
from tracking.capture.http import blp as capture
from tracking.collector.consent import blp as consent
from tracking.collector.http import blp as collector
from tracking.config.http import blp as tracking_config
from tracking.own_events.http import blp as own_events
from tracking.rejected.http import blp as rejected_events

API_PATHS = ("/api/", "/sdk/", "/healthz", "/readyz", "/metrics")
QUIET_PATHS = ("/api/tx", "/sdk/", "/static", "/healthz", "/readyz", "/metrics")
BLUEPRINTS = (
    collector,
    consent,
    tracking_config,
    catalog,
    orders,
    persons,
    visitors,
    tastes,
    codes,
    deliveries,
    keys,
    sites,
    audit,
    people,
    capture,
    own_events,
    rejected_events,
    payment_webhooks,
)

log = structlog.get_logger(__name__)


class PageSession(SecureCookieSessionInterface):
    """Sessions belong to pages: an API answer must not carry `Vary: Cookie`, shared caches would not reuse it."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save, unless this is an API path."""
        if not request.path.startswith(API_PATHS):
            super().save_session(app, session, response)


class RowId(IntegerConverter):
    """A whole number in a path; one that no row can have leads nowhere instead of into an error of the database."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=MAX_ID)


def create_app() -> Flask:
    """Build the web application from the environment; raises `ConfigError` or `PluginError` before serving anything."""
    config = settings()
    registry().call("startup", processes=["web"])
    app = Flask("adrail", static_folder=None)
    app.url_map.converters["int"] = RowId
    app.session_interface = PageSession()
    _configure(app, config)
    _document(app)
    health.mount(app)
    metrics.mount(app)
    webui.app.register(app)
    _answer_errors(app)
    _trace(app)
    app.wsgi_app = Front(app.wsgi_app)  # type: ignore[method-assign]
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, config: Settings) -> None:
    app.config.update(
        SECRET_KEY=config.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=8 * 1024 * 1024,
        PROVIDE_AUTOMATIC_OPTIONS=False,  # Flask's own answers would hide the CORS preflights of our endpoints
        API_TITLE="adrail",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )


def _document(app: Flask) -> None:
    # Our handlers answer problem+json; the framework's own would answer another shape.
    Api.ERROR_SCHEMA = Problem
    api = Api(app)
    api.ma_plugin.converter.add_attribute_function(decimal_as_text)
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "server, organiser or scanner key"},
        "write_key": {"type": "apiKey", "in": "header", "name": "X-Adrail-Key"},
        "write_key_query": {"type": "apiKey", "in": "query", "name": "key"},
    }
    for name, scheme in schemes.items():
        api.spec.components.security_scheme(name, scheme)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    # Responses that the framework keeps by name are errors, all of them.
    for response in api.spec.components.responses.values():
        if "application/json" in response.get("content", {}):
            response["content"]["application/problem+json"] = response["content"].pop("application/json")


def _answer_errors(app: Flask) -> None:
    def is_api() -> bool:
        return request.path.startswith(API_PATHS)

    def domain(error: DomainError) -> Response:
        return handle_domain_error(error) if is_api() else webui.problems.page_for(error)

    def http(error: HTTPException) -> Response:
        return handle_http_error(error) if is_api() else webui.problems.page_for(error)

    def failure(error: Exception) -> Response:
        told = domain_error_of(error, _logged_path())
        if isinstance(told, InternalError) and not is_api():
            return webui.problems.page(500)
        return domain(told)

    app.register_error_handler(DomainError, domain)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, failure)


def _logged_path() -> str:
    """The path of this request; whoever reads logs must not get hold of a mailed link that still works."""
    return str(request.url_rule) if "token" in (request.view_args or {}) else request.path


def _trace(app: Flask) -> None:
    @app.before_request
    def _start() -> None:
        g.request_id = requests.request_id(request.environ)
        g.started = time.perf_counter()
        requests.name_in_logs(g.request_id)
        if requests.holds_nul(request.environ):
            raise BadRequest(requests.NUL_REFUSED)

    @app.after_request
    def _finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.headers.setdefault(*requests.NOSNIFF)
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        method = requests.measure(request.method, request.endpoint or "unknown", response.status_code, seconds)
        if not request.path.startswith(QUIET_PATHS):
            ms = round(seconds * 1000, 1)
            log.info("request", method=method, path=_logged_path(), status=response.status_code, ms=ms)
        return response
