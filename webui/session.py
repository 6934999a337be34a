"""Who is signed in: the user behind the session cookie, and what views need of them."""

from __future__ import annotations

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, make_response, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_login import logout_user as forget_user

from core.accounts.api import Actor, OpenSession, Profile, close_session, find_session, open_session
from core.errors import ForbiddenError
from core.languages import DEFAULT
from core.web import client_address

login_manager = LoginManager()
THEMES = ("light", "dark")
THEME_COOKIE = "adrail_theme"


class SessionUser(UserMixin):  # type: ignore[misc]
    """A profile as flask-login wants it; the cookie holds the token of a session that the server can end."""

    def __init__(self, profile: Profile, token: str, opened: OpenSession | None = None) -> None:
        self.profile = profile
        self.token = token
        self.opened = opened

    def get_id(self) -> str:
        """Return the session's token."""
        return self.token


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> SessionUser | None:
    opened = find_session(token)
    if opened is None:
        return None
    g.profile = opened.profile
    return SessionUser(opened.profile, token, opened)


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def ask_to_sign_in() -> Response:
    """Send people to the sign-in page and bring them back afterwards."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    if request.headers.get("HX-Request"):
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("auth.sign_in_form")
        return response
    return make_response(redirect(url_for("auth.sign_in_form", next=wanted if wanted != "/" else None)))


def start_session(profile: Profile) -> None:
    """Sign a person in; what an anonymous visitor left in the cookie does not survive."""
    cookie.clear()
    cookie.permanent = True
    agent = request.headers.get("User-Agent", "")
    token = open_session(profile, user_agent=agent, client_address=client_address())
    login_user(SessionUser(profile, token))
    g.profile = profile
    remember_language(profile.locale)


def end_session() -> None:
    """Sign the person out."""
    if current_user.is_authenticated:
        close_session(opened().id)
    forget_user()
    cookie.clear()


def profile() -> Profile:
    """The signed-in person; only for views that demand sign-in."""
    value: Profile = current_user.profile
    return value


def opened() -> OpenSession:
    """The session of the signed-in person; only for views that demand sign-in."""
    value: OpenSession = current_user.opened
    return value


def confirmation(back: str) -> ResponseReturnValue | None:
    """Ask for the password before something dangerous, unless it was typed lately; ``back`` is where to go on."""
    return None if opened().fresh else redirect(url_for("account.show_confirm", next=back))


def profile_or_none() -> Profile | None:
    """The signed-in person, if any."""
    return profile() if current_user and current_user.is_authenticated else None


def actor(permission: str) -> Actor:
    """The signed-in person as an actor with this permission; raises `ForbiddenError`."""
    who = profile().actor
    if permission not in who.permissions:
        raise ForbiddenError(f"your role does not include {permission.replace('_', ' ')}", code="permission_missing")
    return who


def may(permission: str) -> bool:
    """Whether the signed-in person has a permission; for templates."""
    known = profile_or_none()
    return known is not None and permission in known.actor.permissions


def remember_language(code: str) -> None:
    """Write this visitor's pages in a language from the next request on, signed in or not."""
    cookie["language"] = code


def wanted_languages() -> list[str]:
    """Languages by preference: what the person or visitor chose, then what the browser asks for.

    It asks no server: pages about a database that is away are written, too.
    """
    known: Profile | None = g.get("profile")
    chosen = [known.locale if known else "", cookie.get("language", "")]
    return [*filter(None, chosen), *request.accept_languages.values()]


def theme() -> str:
    """The theme this browser was told to use; empty follows the system."""
    value = request.cookies.get(THEME_COOKIE, "")
    return value if value in THEMES else ""


def time_zone() -> str:
    """The name of the time zone pages are written in."""
    known = profile_or_none()
    return known.time_zone if known else "UTC"


def zone() -> ZoneInfo:
    """The time zone pages are written in."""
    return ZoneInfo(time_zone())


def locale() -> str:
    """The language that words, numbers and dates are written in."""
    return str(get_locale() or DEFAULT)


def safe_next(target: str | None) -> str | None:
    """Return a path on this server to go on to, or None: never another site."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(ord(char) < 32 or char == "\\" for char in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def init_app(app: Flask) -> None:
    """Attach the sign-in session to the application."""
    login_manager.init_app(app)
