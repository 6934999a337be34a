"""Changing a password: by the person who knows the old one, or by a link that was mailed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import redis
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.letters import home_of, post, warn
from core.accounts.models import Membership, PasswordReset, User, UserSession
from core.accounts.people import FIND_SIGN_IN, check_new_password, email_index
from core.accounts.service import Actor
from core.accounts.sign_in import check_password
from core.accounts.throttle import Tries, hidden, network
from core.config import settings
from core.db.session import anonymous_session, maintainer_session
from core.errors import FieldProblem, InvalidInputError, NotFoundError, UnavailableError
from core.jobs import DEFAULT, enqueue
from core.security.tokens import hash_password, key_hash, new_key

LINK_LIFETIME = timedelta(hours=1)
PAUSE = timedelta(minutes=1)
WISHES_PER_EMAIL, WISHES_PER_ADDRESS = 5, 30
FIND_RESET = text("SELECT * FROM adrail_find_password_reset(:hash)")


def ask_for_reset(email: str, *, client_address: str) -> None:
    """Have a link mailed to somebody who forgot their password; nothing tells whether the address is known.

    Raises `TooManyRequestsError` or `UnavailableError`.
    """
    index = email_index(email)
    who, place = f"reset-{index.hex()}", f"reset-{hidden(network(client_address))}"
    try:
        Tries({who: WISHES_PER_EMAIL, place: WISHES_PER_ADDRESS}).count()
        with anonymous_session() as session:
            row = session.execute(FIND_SIGN_IN, {"index": index}).one_or_none()
        # The same work for everybody here: how long the answer takes must not tell, either.
        enqueue(DEFAULT, "core.accounts.jobs.write_reset", row.user_id if row and not row.disabled_at else 0)
    except redis.RedisError:
        raise UnavailableError("the mail cannot be sent right now; try again in a moment") from None


def write_reset(user_id: int) -> str | None:
    """Write the mail with the link, unless one left within the last minute; returns the link's token."""
    now = datetime.now(UTC)
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one_or_none()
        tenant_id = home_of(session, user_id)
        if user is None or user.disabled_at or tenant_id is None:
            return None
        recent = select(PasswordReset.id).where(
            PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None), PasswordReset.created_at > now - PAUSE
        )
        if session.scalar(recent.limit(1)) is not None:
            return None
        token = new_key("reset")
        session.add(PasswordReset(user_id=user_id, token_hash=key_hash(token), expires_at=now + LINK_LIFETIME))
        post(
            session,
            tenant_id,
            "password_reset",
            recipient=user.email_ciphertext,
            locale=user.locale,
            user_id=user_id,
            link=f"{settings().base_url}/reset-password/{token}",
        )
    return token


def reset_is_open(token: str) -> bool:
    """Whether a link still works."""
    with anonymous_session() as session:
        return session.execute(FIND_RESET, {"hash": key_hash(token)}).one_or_none() is not None


def reset_password(token: str, password: str) -> None:
    """Set a new password by a mailed link, which works once, and end every session of the person.

    Raises `InvalidInputError`, or `NotFoundError` for a link that was used, is too old, or never was.
    """
    check_new_password(password)
    with maintainer_session() as session:
        found = session.execute(FIND_RESET, {"hash": key_hash(token)}).one_or_none()
        if found is None or not _use(session, found.reset_id):
            raise NotFoundError("this link was used already or is too old", code="link_ended")
        user = session.scalars(select(User).where(User.id == found.user_id).with_for_update()).one()
        _replace(session, user, password)
        session.execute(delete(UserSession).where(UserSession.user_id == user.id))


def _use(session: Session, reset_id: int) -> bool:
    """Take a link; of two people at once one gets it. Older links of the same person end, too."""
    taken = session.scalar(
        update(PasswordReset)
        .where(PasswordReset.id == reset_id, PasswordReset.used_at.is_(None))
        .values(used_at=datetime.now(UTC))
        .returning(PasswordReset.user_id)
    )
    if taken is None:
        return False
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == taken, PasswordReset.used_at.is_(None)))
    return True


def change_password(actor: Actor, session_id: int, *, current: str, new: str) -> None:
    """Replace the password of a signed-in person; this session goes on, all others end.

    Raises `InvalidInputError`, or `TooManyRequestsError` after many wrong tries.
    """
    user_id = actor.user_id or 0
    if not check_password(user_id, current):
        problem = FieldProblem("/current", "match", phrase("this is not your present password"))
        raise InvalidInputError(phrase("the password was not changed"), errors=[problem])
    check_new_password(new, pointer="/new")
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one()
        _replace(session, user, new)
        others = delete(UserSession).where(UserSession.user_id == user_id, UserSession.id != session_id)
        session.execute(others)
        version = {"sign_in_version": user.sign_in_version, "confirmed_at": datetime.now(UTC)}
        session.execute(update(UserSession).where(UserSession.id == session_id).values(**version))


def _replace(session: Session, user: User, password: str, *, tell: bool = True) -> None:
    user.password_hash = hash_password(password)
    user.sign_in_version += 1
    session.flush()
    told = select(Membership.tenant_id).where(Membership.user_id == user.id).distinct()
    for tenant_id in session.scalars(told).all():
        actor = Actor(tenant_id, "user", f"user:{user.id}", user_id=user.id)
        record_audit(session, actor, "user.password_changed", f"user:{user.id}")
    if tell:
        warn(session, "password_changed", user)


def set_password(user_id: int, password: str, *, tell: bool = True) -> None:
    """Replace a password and end every session of the user, who is told unless ``tell`` is false.

    Raises `InvalidInputError` for one that cannot be used.
    """
    check_new_password(password)
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one()
        _replace(session, user, password, tell=tell)
        session.execute(delete(UserSession).where(UserSession.user_id == user_id))
