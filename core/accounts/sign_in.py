"""Signing in with e-mail address and password."""

from __future__ import annotations

import redis
from sqlalchemy import text, update

from core.accounts.models import User
from core.accounts.people import FIND_SIGN_IN, email_index
from core.accounts.profiles import Profile, load_profile
from core.accounts.throttle import Tries, hidden, network
from core.db.session import anonymous_session, maintainer_session
from core.errors import UnavailableError
from core.security.tokens import hash_password, is_outdated, verify_password

TRIES_PER_EMAIL, TRIES_PER_ADDRESS = 10, 30
PASSWORD_OF = text("SELECT password_hash FROM users WHERE id = :user")


def sign_in(email: str, password: str, *, client_address: str) -> Profile | None:
    """Check e-mail and password; whoever has switched two-step sign-in on has only done the first of two.

    Raises `TooManyRequestsError` after 10 failures in 5 minutes for an e-mail address or 30 from a client address
    (for IPv6: its /64), and `UnavailableError` when they cannot be counted.
    """
    index = email_index(email)
    who, place = index.hex(), hidden(network(client_address))
    tries = Tries({who: TRIES_PER_EMAIL, place: TRIES_PER_ADDRESS})
    try:
        tries.count()
        with anonymous_session() as session:
            row = session.execute(FIND_SIGN_IN, {"index": index}).one_or_none()
        if not verify_password(row.password_hash if row else None, password) or row is None or row.disabled_at:
            return None
        # Only failures count: colleagues behind one address may all sign in.
        tries.give_back()
        tries.forget(who)
    except redis.RedisError:
        raise UnavailableError("signing in is not possible right now; try again in a moment") from None
    if is_outdated(row.password_hash):
        _renew_hash(row.user_id, row.password_hash, password)
    return load_profile(row.user_id)


def check_password(user_id: int, password: str) -> bool:
    """Whether this is the password of somebody who is signed in; failures count as if they signed in anew.

    Raises `TooManyRequestsError` or `UnavailableError`.
    """
    with maintainer_session() as session:
        stored = session.scalar(PASSWORD_OF, {"user": user_id})
    tries = Tries({f"user-{user_id}": TRIES_PER_EMAIL})
    try:
        tries.count()
        right = verify_password(stored, password)
        if right:
            tries.forget(f"user-{user_id}")
    except redis.RedisError:
        raise UnavailableError("your password cannot be checked right now; try again in a moment") from None
    return right


def _renew_hash(user_id: int, before: str, password: str) -> None:
    """Hash with today's parameters, unless the password was changed meanwhile."""
    with maintainer_session() as session:
        row = update(User).where(User.id == user_id, User.password_hash == before)
        session.execute(row.values(password_hash=hash_password(password)))
