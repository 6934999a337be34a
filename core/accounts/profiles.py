"""Who a signed-in person is: their memberships, and the profile of the one they act under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from core.accounts.grants import granted_in
from core.accounts.models import Organizer, Tenant, User
from core.accounts.permissions import effective
from core.accounts.service import NO_ORGANIZER, Actor, tenant_key
from core.accounts.subjects import subject_names
from core.db.session import anonymous_session, tenant_session

WORKPLACES = text("SELECT * FROM adrail_find_workplaces(:user)")


@dataclass(frozen=True, slots=True)
class Profile:
    """A signed-in person acting under one membership."""

    actor: Actor
    display_name: str
    email: str
    tenant_name: str
    organizer_name: str | None
    time_zone: str
    currency: str
    locale: str
    sign_in_version: int
    account_type: str
    verification: str
    two_step: bool
    own_time_zone: str | None
    workplaces: int


@dataclass(frozen=True, slots=True)
class Workplace:
    """One membership of a person: where, and as what."""

    membership_id: int
    tenant_name: str
    subject_kind: str
    subject_name: str
    role: str
    account_type: str


def load_profile(user_id: int, tenant_id: int | None = None, membership_id: int | None = None) -> Profile | None:
    """Return a user's profile under a membership, or the first one in a marketplace, or the first of all.

    None when there is no such membership, the marketplace is closed, or the user is disabled.
    """
    rows = _memberships(user_id)
    wanted = [
        item for item in rows if tenant_id in {None, item.tenant_id} and membership_id in {None, item.membership_id}
    ]
    if not wanted:
        return None
    row = wanted[0]
    with tenant_session(row.tenant_id) as session:
        user = session.get(User, user_id)
        tenant = session.get_one(Tenant, row.tenant_id)
        organizer = session.get(Organizer, row.organizer_id) if row.organizer_id else None
        granted = granted_in(session, row.tenant_id)
        names = subject_names(session, row.tenant_id, [row])
    if user is None or user.disabled_at:
        return None
    key = tenant_key(None)
    return Profile(
        actor=_actor(user_id, row, effective(granted, row.account_type, row.role, subject_of(row))),
        display_name=key.decrypt(user.display_name_ciphertext, "users.display_name"),
        email=key.decrypt(user.email_ciphertext, "users.email"),
        tenant_name=tenant.name,
        organizer_name=organizer.name if organizer else names.get((row.subject_kind, row.subject_id), row.subject_id),
        time_zone=user.time_zone or tenant.time_zone,
        currency=tenant.default_currency,
        locale=user.locale,
        sign_in_version=user.sign_in_version,
        account_type=row.account_type,
        verification=row.verification,
        two_step=user.totp_since is not None,
        own_time_zone=user.time_zone,
        workplaces=len(rows),
    )


def _memberships(user_id: int) -> list[Any]:
    with anonymous_session() as session:
        return list(session.execute(WORKPLACES, {"user": user_id}))


def subject_of(row: object) -> str:
    """Return the kind of subject that a membership, an invitation or their like is about."""
    if kind := getattr(row, "subject_kind", None):
        return str(kind)
    return "marketplace" if getattr(row, "organizer_id", None) is None else "organizer"


def _actor(user_id: int, row: Any, permissions: frozenset[str]) -> Actor:
    subject = (row.subject_kind, row.subject_id) if row.subject_kind else None
    return Actor(
        tenant_id=row.tenant_id,
        kind="user",
        label=f"user:{user_id}",
        organizer_id=NO_ORGANIZER if subject else row.organizer_id,
        permissions=permissions,
        user_id=user_id,
        membership_id=row.membership_id,
        role=row.role,
        subject=subject,
    )


def workplaces(user_id: int) -> list[Workplace]:
    """Return where a person may act, oldest membership first."""
    found = []
    for row in _memberships(user_id):
        with tenant_session(row.tenant_id) as session:
            tenant = session.get_one(Tenant, row.tenant_id)
            organizer = session.get(Organizer, row.organizer_id) if row.organizer_id else None
            names = subject_names(session, row.tenant_id, [row])
        name = names.get((row.subject_kind, row.subject_id), row.subject_id) or tenant.name
        name = organizer.name if organizer else name
        found.append(Workplace(row.membership_id, tenant.name, subject_of(row), name, row.role, row.account_type))
    return found
