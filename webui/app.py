"""Mounts the web UI on the application: pages, session, form tokens and what templates may call."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask, request, url_for
from flask_wtf.csrf import generate_csrf

from core.config import settings
from core.languages import LANGUAGES
from webui import (
    account,
    account_links,
    account_two_step,
    audit,
    auth,
    blueprint,
    connections,
    csp,
    formats,
    keys,
    languages,
    live_events,
    navigation,
    orders,
    overview,
    payments,
    people,
    people_roles,
    persons,
    platforms,
    preferences,
    session,
    sites,
)
from webui import words as vocabulary
from webui.catalog import base as catalog
from webui.catalog import edit as catalog_edit  # noqa: F401 - its views join `catalog.pages`
from webui.catalog import views as catalog_views  # noqa: F401 - as above
from webui.codes import base as codes
from webui.codes import edit, views  # noqa: F401 - their views join `codes.pages`
from webui.collection import base as collection
from webui.collection import health as collection_health  # noqa: F401 - its views join `collection.pages`
from webui.collection import live as collection_live  # noqa: F401 - as above
from webui.collection import own_events as collection_events  # noqa: F401 - as above
from webui.collection import refused as collection_refused  # noqa: F401 - as above
from webui.deliveries import views as deliveries
from webui.script_words import script_words
from webui.static_files import asset

SESSION_HOURS = 12


def register(app: Flask) -> None:
    """Add every page to the application; the demo marketplace too when settings ask for it."""
    _configure_cookie(app)
    session.init_app(app)
    languages.init_app(app)
    blueprint.init_app(app)
    app.register_blueprint(blueprint.shared_files())
    for part in (
        auth.pages,
        overview.pages,
        live_events.pages,
        orders.pages,
        persons.pages,
        catalog.pages,
        codes.pages,
        deliveries.pages,
        collection.pages,
        connections.pages,
        sites.pages,
        payments.pages,
        keys.pages,
        audit.pages,
        preferences.pages,
        account.pages,
        account_two_step.pages,
        account_links.pages,
        people.pages,
        people_roles.pages,
    ):
        app.register_blueprint(part)
    if settings().demo:
        # Not even imported in production.
        from webui.demo.mail import pages as mail_pages  # noqa: PLC0415
        from webui.demo.views import pages as demo_pages  # noqa: PLC0415

        app.register_blueprint(demo_pages)
        app.register_blueprint(mail_pages)
    _equip_templates(app)


def _configure_cookie(app: Flask) -> None:
    secure = settings().base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings().secret_key.get_secret_value(),
        SESSION_COOKIE_NAME="__Host-adrail" if secure else "adrail",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
    )


def _equip_templates(app: Flask) -> None:
    app.jinja_env.filters.update(
        when=lambda moment: formats.time_element(moment, session.zone(), session.locale()),
        since=lambda moment: formats.since_element(moment, session.zone(), session.locale()),
        translated=vocabulary.translated,
        exact=lambda moment: formats.exact(moment, session.zone(), session.locale()),
        appointment=_appointment,
        moment=datetime.fromisoformat,
        local_day=lambda day: formats.day(day, session.locale(), weekday=True),
        money=_money,
        number=lambda value: formats.number(value, session.locale()),
        decimal=lambda value: formats.decimal(value, session.locale()),
        public_id=formats.public_id,
    )
    app.jinja_env.globals.update(
        asset=asset,
        csp_nonce=csp.nonce,
        account_links=navigation.account_links,
        form_token=generate_csrf,
        here=_here,
        known_languages=LANGUAGES,
        demo_address=lambda: url_for("demo.show_list") if settings().demo else None,
        mark=platforms.mark,
        may=session.may,
        navigation=navigation.sections,
        script_words=script_words,
        signed_in=session.profile_or_none,
        theme=session.theme,
        words=vocabulary,
    )


def _here() -> str:
    """The address to come back to: this page, or the overview after a form was sent."""
    return request.full_path.rstrip("?") if request.method == "GET" else ""


def _appointment(moment: datetime) -> str:
    return formats.date_and_time(moment, session.zone(), session.locale())


def _money(amount: Decimal | str | None, currency: str | None) -> Any:
    return "" if amount is None or currency is None else formats.money(amount, currency, session.locale())
