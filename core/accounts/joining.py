"""Joining: what the person behind an invitation's link sees, and becoming a member with a new or an old account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.invitations import organizer_of, refuse_member
from core.accounts.models import Invitation, Membership, Tenant, User
from core.accounts.people import FIND_SIGN_IN, check_name, check_new_password, readable_email
from core.accounts.profiles import Profile, load_profile
from core.accounts.service import Actor, tenant_key
from core.db.session import anonymous_session, maintainer_session, set_tenant
from core.errors import ConflictError, NotFoundError
from core.security.tokens import hash_password, key_hash

FIND = text("SELECT * FROM adrail_find_invitation(:hash)")


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """What the person behind a link is told; ``known`` when they have an account already."""

    email: str
    place: str
    tenant_name: str
    role: str
    known: bool


def open_invitation(token: str) -> OpenInvitation:
    """Return what a link invites to; raises `NotFoundError` for one that was used, withdrawn or is too old."""
    with anonymous_session() as session:
        row = _by_token(session, token)
        organizer = organizer_of(session, row)
        tenant = session.get_one(Tenant, row.tenant_id)
        known = session.execute(FIND_SIGN_IN, {"index": row.recipient_index}).one_or_none() is not None
        place = organizer[1] or row.subject_id or tenant.name
        return OpenInvitation(readable_email(row.recipient_ciphertext), place, tenant.name, row.role, known)


def accept_as_new(token: str, *, display_name: str, password: str) -> Profile:
    """Join by a link with a new account; the address counts as proved. Returns the profile to sign in with.

    Raises `InvalidInputError`, `NotFoundError`, or `ConflictError` when the address has an account.
    """
    check_name(display_name)
    check_new_password(password)
    with maintainer_session() as session:
        row = _by_token(session, token, lock=True)
        if session.scalar(select(User.id).where(User.email_index == row.recipient_index)) is not None:
            raise ConflictError(phrase("this address has an account already; sign in to join"), code="account_exists")
        user = User(
            email_ciphertext=row.recipient_ciphertext,
            email_index=row.recipient_index,
            display_name_ciphertext=tenant_key(None).encrypt(display_name.strip(), "users.display_name"),
            password_hash=hash_password(password),
            locale=row.locale,
        )
        session.add(user)
        session.flush()
        membership_id = _join(session, row, user)
    return _profile(user.id, membership_id)


def accept_as_user(token: str, user_id: int) -> Profile:
    """Join by a link with an account one has; raises `NotFoundError` when the link is another person's."""
    with maintainer_session() as session:
        row = _by_token(session, token, lock=True)
        user = session.scalars(
            select(User).where(User.id == user_id, User.email_index == row.recipient_index)
        ).one_or_none()
        if user is None:
            raise _ended()
        membership_id = _join(session, row, user)
    return _profile(user_id, membership_id)


def _profile(user_id: int, membership_id: int) -> Profile:
    profile = load_profile(user_id, membership_id=membership_id)
    if profile is None:
        raise _ended()
    return profile


def _join(session: Session, row: Invitation, user: User) -> int:
    columns = {"organizer_id": row.organizer_id, "subject_kind": row.subject_kind, "subject_id": row.subject_id}
    refuse_member(session, row.tenant_id, row.recipient_index, columns)
    row.accepted_at = datetime.now(UTC)
    member = Membership(
        tenant_id=row.tenant_id,
        user_id=user.id,
        account_type=row.account_type,
        role=row.role,
        verification="email",
        **columns,
    )
    session.add(member)
    session.flush()
    actor = Actor(row.tenant_id, "user", f"user:{user.id}", user_id=user.id)
    detail = {"role": row.role, "account_type": row.account_type, "invited_by": row.invited_by}
    record_audit(session, actor, "member.joined", f"member:{member.id}", detail)
    return member.id


def _by_token(session: Session, token: str, *, lock: bool = False) -> Invitation:
    found = session.execute(FIND, {"hash": key_hash(token)}).one_or_none()
    if found is None:
        raise _ended()
    set_tenant(session, found.tenant_id)
    query = select(Invitation).where(
        Invitation.id == found.invitation_id,
        Invitation.token_hash == key_hash(token),
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > datetime.now(UTC),
    )
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise _ended()
    return row


def _ended() -> NotFoundError:
    return NotFoundError("this invitation was used, withdrawn, or is too old; ask for a new one", code="link_ended")
