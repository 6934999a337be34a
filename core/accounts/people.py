"""Staff: creating users, signing in with throttling, loading who is signed in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import select, text

from core.accounts.models import Membership, Organizer, Tenant, User
from core.accounts.service import ROLE_PERMISSIONS, Actor, tenant_key
from core.db.session import anonymous_session, maintainer_session, tenant_session
from core.errors import TooManyRequestsError
from core.security.tokens import hash_password, verify_password
from core.valkey import client

ATTEMPTS = 10
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


def normalise_email(email: str) -> str:
    """The form in which sign-in addresses are compared."""
    return email.strip().casefold()


def create_user(
    *, tenant_id: int, email: str, display_name: str, password: str, role: str, organizer_id: int | None = None
) -> int:
    """Create a user with one membership; returns its id."""
    key = tenant_key(None)
    with maintainer_session() as session:
        user = User(
            email_ciphertext=key.encrypt(email, "users.email"),
            email_index=key.blind_index("users.email", normalise_email(email)),
            display_name_ciphertext=key.encrypt(display_name, "users.display_name"),
            password_hash=hash_password(password),
        )
        session.add(user)
        session.flush()
        account_type = "organizer" if organizer_id else "marketplace"
        session.add(
            Membership(
                tenant_id=tenant_id, user_id=user.id, organizer_id=organizer_id, account_type=account_type, role=role
            )
        )
        return user.id


def sign_in(email: str, password: str, *, client_address: str) -> Profile | None:
    """Check e-mail and password; raises `TooManyRequestsError` after 10 tries in 5 minutes per address or e-mail."""
    index = tenant_key(None).blind_index("users.email", normalise_email(email))
    _throttle(index.hex(), hashlib.sha256(client_address.encode()).hexdigest())
    with anonymous_session() as session:
        row = session.execute(text("SELECT * FROM adrail_find_sign_in(:index)"), {"index": index}).one_or_none()
    if not verify_password(row.password_hash if row else None, password) or row is None or row.disabled_at:
        return None
    client().delete(f"adrail:signin:{index.hex()}")
    return load_profile(row.user_id)


def _throttle(*subjects: str) -> None:
    for subject in subjects:
        key = f"adrail:signin:{subject}"
        pipeline = client().pipeline()
        pipeline.incr(key)
        pipeline.expire(key, WINDOW_SECONDS, nx=True)
        pipeline.ttl(key)
        count, _, left = pipeline.execute()
        if count > ATTEMPTS:
            raise TooManyRequestsError("too many sign-in tries; wait and try again", retry_after=max(int(left), 1))


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


def set_password(user_id: int, password: str) -> None:
    """Replace a password and end every session of the user."""
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id)).one()
        user.password_hash = hash_password(password)
        user.sign_in_version += 1
