"""Who is signed in: the user behind the session cookie, and what views need of them."""

from __future__ import annotations

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, make_response, redirect, request, url_for
from flask import session as cookie
from flask_babel import get_locale
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_login import logout_user as forget_user

from core.accounts.api import Actor, Profile, load_profile
from core.errors import ForbiddenError
from core.languages import DEFAULT

login_manager = LoginManager()
THEMES = ("light", "dark")
THEME_COOKIE = "adrail_theme"


class SessionUser(UserMixin):  # type: ignore[misc]
    """A profile as flask-login wants it; the id in the cookie dies with the user's sign-in version."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def get_id(self) -> str:
        """Return user, marketplace and sign-in version as one text."""
        actor = self.profile.actor
        return f"{actor.user_id}.{actor.tenant_id}.{self.profile.sign_in_version}"


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _load(identity: str) -> SessionUser | None:
    parts = identity.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return None
    profile = load_profile(int(parts[0]), int(parts[1]))
    if profile is None or profile.sign_in_version != int(parts[2]):
        return None
    g.profile = profile
    return SessionUser(profile)


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
    login_user(SessionUser(profile))
    g.profile = profile
    remember_language(profile.locale)


def end_session() -> None:
    """Sign the person out."""
    forget_user()
    cookie.clear()


def profile() -> Profile:
    """The signed-in person; only for views that demand sign-in."""
    value: Profile = current_user.profile
    return value


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
