"""Signing in with throttling, and loading who is signed in."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

import redis
from sqlalchemy import text

from core.accounts.models import Organizer, Tenant, User
from core.accounts.people import FIND_SIGN_IN, email_index
from core.accounts.service import ROLE_PERMISSIONS, Actor, tenant_key
from core.db.session import anonymous_session, tenant_session
from core.errors import TooManyRequestsError, UnavailableError
from core.security.tokens import verify_password
from core.valkey import client

TRIES_PER_EMAIL, TRIES_PER_ADDRESS = 10, 30
WINDOW_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Profile:
    """A signed-in person in one marketplace."""

    actor: Actor
    display_name: str
    email: str
    tenant_name: str
    organizer_name: str | None
    time_zone: str
    currency: str
    locale: str
    sign_in_version: int


def sign_in(email: str, password: str, *, client_address: str) -> Profile | None:
    """Check e-mail and password.

    Raises `TooManyRequestsError` after 10 failures in 5 minutes for an e-mail address or 30 from a client address
    (for IPv6: its /64), and `UnavailableError` when they cannot be counted.
    """
    index = email_index(email)
    subjects = (index.hex(), hashlib.sha256(_network(client_address).encode()).hexdigest())
    try:
        _throttle(subjects)
        with anonymous_session() as session:
            row = session.execute(FIND_SIGN_IN, {"index": index}).one_or_none()
        if not verify_password(row.password_hash if row else None, password) or row is None or row.disabled_at:
            return None
        _forgive(subjects)
    except redis.RedisError:
        raise UnavailableError("signing in is not possible right now; try again in a moment") from None
    return load_profile(row.user_id)


def load_profile(user_id: int, tenant_id: int | None = None) -> Profile | None:
    """Return a user's profile in a marketplace (default: the first they belong to); None when they have none."""
    with anonymous_session() as session:
        rows = session.execute(text("SELECT * FROM adrail_find_memberships(:user)"), {"user": user_id}).all()
    row = next((item for item in rows if tenant_id in {None, item.tenant_id}), None)
    if row is None:
        return None
    with tenant_session(row.tenant_id) as session:
        user = session.get(User, user_id)
        tenant = session.get_one(Tenant, row.tenant_id)
        organizer = session.get(Organizer, row.organizer_id) if row.organizer_id else None
    if user is None or user.disabled_at:
        return None
    permissions = ROLE_PERMISSIONS.get(row.role, frozenset())
    key = tenant_key(None)
    return Profile(
        actor=Actor(row.tenant_id, "user", f"user:{user_id}", row.organizer_id, permissions, user_id),
        display_name=key.decrypt(user.display_name_ciphertext, "users.display_name"),
        email=key.decrypt(user.email_ciphertext, "users.email"),
        tenant_name=tenant.name,
        organizer_name=organizer.name if organizer else None,
        time_zone=tenant.time_zone,
        currency=tenant.default_currency,
        locale=user.locale,
        sign_in_version=user.sign_in_version,
    )


def _network(address: str) -> str:
    """Who sits behind an address: one host in IPv4, one customer's network in IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def _throttle(subjects: tuple[str, str]) -> None:
    """Count a try before it is made, so that many at once cannot slip through."""
    for subject, most in zip(subjects, (TRIES_PER_EMAIL, TRIES_PER_ADDRESS), strict=True):
        key = f"adrail:signin:{subject}"
        pipeline = client().pipeline()
        pipeline.incr(key)
        pipeline.expire(key, WINDOW_SECONDS, nx=True)
        pipeline.ttl(key)
        count, _, left = pipeline.execute()
        if count > most:
            raise TooManyRequestsError("too many sign-in tries; wait and try again", retry_after=max(int(left), 1))


def _forgive(subjects: tuple[str, str]) -> None:
    """Only failures count: colleagues behind one address may all sign in."""
    email, address = subjects
    pipeline = client().pipeline()
    pipeline.delete(f"adrail:signin:{email}")
    pipeline.decr(f"adrail:signin:{address}")
    pipeline.expire(f"adrail:signin:{address}", WINDOW_SECONDS, nx=True)
    pipeline.execute()
