"""Sessions: in which browsers a person is signed in, and how they end."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, text, update

from core.accounts.audit import record_audit
from core.accounts.models import User, UserSession
from core.accounts.profiles import Profile, load_profile
from core.accounts.service import Actor
from core.db.session import anonymous_session, maintainer_session
from core.errors import NotFoundError
from core.security.tokens import key_hash, new_key

LIFETIME = timedelta(hours=12)
LONGEST = timedelta(days=14)
FRESH = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
FIND = text("SELECT * FROM adrail_find_session(:hash)")

SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that a cookie stands for; ``confirmed_at`` is when the password was typed last."""

    id: int
    profile: Profile
    confirmed_at: datetime

    @property
    def fresh(self) -> bool:
        """Whether the password was typed less than 15 minutes ago."""
        return datetime.now(UTC) - self.confirmed_at < FRESH


@dataclass(frozen=True, slots=True)
class SessionView:
    """One browser, as the person recognises it; ``current`` is the one they look at the list with."""

    id: int
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


def device_name(user_agent: str) -> str:
    """Return browser and system in two words, never the whole user agent; empty when neither is known."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return " · ".join(filter(None, (browser, system)))


def coarse_address(address: str) -> str:
    """Return an address's network (IPv4 /24, IPv6 /48) as people recognise it; empty for what is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def open_session(profile: Profile, *, user_agent: str, client_address: str) -> str:
    """Start a session and return the token for the cookie; only its hash is kept."""
    token, now = new_key("session"), datetime.now(UTC)
    with maintainer_session() as session:
        session.add(
            UserSession(
                user_id=profile.actor.user_id,
                membership_id=profile.actor.membership_id,
                token_hash=key_hash(token),
                sign_in_version=profile.sign_in_version,
                device=device_name(user_agent),
                address=coarse_address(client_address),
                last_seen_at=now,
                confirmed_at=now,
                expires_at=now + LIFETIME,
            )
        )
    return token


def find_session(token: str) -> OpenSession | None:
    """Return the session of a token; None when it ended: revoked, 12 h unused, 14 days old, password changed."""
    with anonymous_session() as session:
        row = session.execute(FIND, {"hash": key_hash(token)}).one_or_none()
    if row is None:
        return None
    profile = load_profile(row.user_id, membership_id=row.membership_id)
    if profile is None:
        return None
    if datetime.now(UTC) - row.last_seen_at > SEEN_EVERY:
        _see(row.session_id)
    return OpenSession(row.session_id, profile, row.confirmed_at)


def _see(session_id: int) -> None:
    now = datetime.now(UTC)
    with maintainer_session() as session:
        row = session.get(UserSession, session_id)
        if row is not None:
            row.last_seen_at = now
            row.expires_at = min(now + LIFETIME, row.created_at + LONGEST)


def list_sessions(actor: Actor, current: int | None) -> list[SessionView]:
    """Return the browsers in which the person is signed in, this one first, then by last use."""
    query = (
        select(UserSession)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.user_id == actor.user_id,
            UserSession.expires_at > datetime.now(UTC),
            UserSession.sign_in_version == User.sign_in_version,
        )
        .order_by((UserSession.id == current).desc(), UserSession.last_seen_at.desc())
    )
    with maintainer_session() as session:
        return [
            SessionView(row.id, row.device, row.address, row.created_at, row.last_seen_at, row.id == current)
            for row in session.scalars(query)
        ]


def revoke_session(actor: Actor, session_id: int) -> None:
    """End one session of the person themselves; raises `NotFoundError`."""
    with maintainer_session() as session:
        gone = session.scalar(
            delete(UserSession)
            .where(UserSession.id == session_id, UserSession.user_id == actor.user_id)
            .returning(UserSession.id)
        )
        if gone is None:
            raise NotFoundError("this session has ended already")
        record_audit(session, actor, "session.revoked", f"session:{session_id}")


def revoke_other_sessions(actor: Actor, current: int) -> int:
    """End every session of the person but this one; returns how many."""
    with maintainer_session() as session:
        gone = session.scalars(
            delete(UserSession)
            .where(UserSession.user_id == actor.user_id, UserSession.id != current)
            .returning(UserSession.id)
        ).all()
        record_audit(session, actor, "session.others_revoked", f"user:{actor.user_id}", {"ended": len(gone)})
    return len(gone)


def close_session(session_id: int) -> None:
    """End a session because its person signs out."""
    with maintainer_session() as session:
        session.execute(delete(UserSession).where(UserSession.id == session_id))


def confirm_session(session_id: int) -> None:
    """Remember that the person has just typed their password in this session."""
    with maintainer_session() as session:
        session.execute(update(UserSession).where(UserSession.id == session_id).values(confirmed_at=datetime.now(UTC)))


def act_for(actor: Actor, session_id: int, membership_id: int) -> Profile:
    """Let a session go on under another membership of the same person; raises `NotFoundError`."""
    profile = load_profile(actor.user_id or 0, membership_id=membership_id)
    if profile is None:
        raise NotFoundError("you are no member there")
    with maintainer_session() as session:
        session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.user_id == actor.user_id)
            .values(membership_id=membership_id)
        )
    return profile
