"""In which language and time zone a page is written: the reader's, else the browser's, else English and UTC."""

from __future__ import annotations

from pathlib import Path

from babel import Locale
from flask import Flask, has_request_context
from flask_babel import Babel

from core.languages import DEFAULT, FOLDER, supported
from core.registry import registry
from webui import session

OWN = Path(__file__).resolve().parent / "translations"


def init_app(app: Flask) -> None:
    """Make `gettext` and `{% trans %}` work in every view and template.

    The words come from plugins' catalogues, core's, and our own; where two know a text, the later one counts.
    """
    folders = [*registry().translation_folders(), FOLDER, OWN]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(map(str, folders))
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    Babel(app, locale_selector=language, timezone_selector=session.time_zone)
    app.jinja_env.globals["language"] = session.locale
    app.jinja_env.globals["text_direction"] = lambda: Locale.parse(session.locale()).text_direction


def language() -> str:
    """The code of the reader's language: what they chose, else what their browser asks for, else English."""
    if not has_request_context():
        return DEFAULT
    return supported(session.wanted_languages()) or DEFAULT
