"""Invitations: somebody is asked by mail to join, and joins by a link that works once and not for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.letters import post
from core.accounts.models import Invitation, Membership, Organizer, Tenant, User
from core.accounts.people import (
    check_email,
    email_index,
    readable_email,
)
from core.accounts.permissions import SUBJECT_TYPES
from core.accounts.profiles import subject_of
from core.accounts.service import Actor, tenant_key
from core.accounts.subjects import (
    check_grant,
    check_reach,
    find_subject,
    own_subject,
    require_manager,
    subject_names,
    visible,
)
from core.config import settings
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from core.languages import DEFAULT, LANGUAGES
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.security.tokens import key_hash, new_key

LIFETIME = timedelta(days=7)
MOST_MAILS = 5


@dataclass(frozen=True, slots=True)
class InvitationView:
    """Somebody who was asked and has not answered."""

    id: int
    email: str
    subject_kind: str
    subject_id: str
    subject_name: str
    account_type: str
    role: str
    sent: int
    created_at: datetime
    expires_at: datetime

    @property
    def expired(self) -> bool:
        """Whether its link no longer works."""
        return self.expires_at <= datetime.now(UTC)


def invite(
    actor: Actor,
    *,
    email: str,
    role: str,
    subject_kind: str | None = None,
    subject_id: str = "",
    account_type: str | None = None,
    locale: str = DEFAULT,
) -> InvitationView:
    """Ask somebody by mail to join; without a subject, what the actor belongs to themselves.

    Asking the same address again for the same subject replaces the earlier invitation. Raises `ForbiddenError`,
    `InvalidInputError`, or `ConflictError` for a member.
    """
    require_manager(actor)
    check_email(email)
    if locale not in LANGUAGES:
        problem = FieldProblem("/locale", "one_of", phrase("use one of: %(choices)s", choices=", ".join(LANGUAGES)))
        raise InvalidInputError(phrase("the invitation cannot be written"), errors=[problem])
    with tenant_session(actor.tenant_id) as session:
        own = own_subject(session, actor)
        if subject_kind and own.kind != "marketplace" and (subject_kind, subject_id) != (own.kind, own.external_id):
            raise NotFoundError("you invite people to your own team only")
        subject = find_subject(session, actor.tenant_id, subject_kind, subject_id) if subject_kind else own
        kind = account_type or SUBJECT_TYPES[subject.kind][0]
        check_grant(actor, subject, kind, role)
        index = email_index(email)
        refuse_member(session, actor.tenant_id, index, subject.columns())
        now, token = datetime.now(UTC), new_key("invite")
        for earlier in session.scalars(_waiting(actor.tenant_id, index, subject.columns())):
            earlier.withdrawn_at = now
        row = Invitation(
            tenant_id=actor.tenant_id,
            recipient_ciphertext=tenant_key(None).encrypt(email.strip(), "users.email"),
            recipient_index=index,
            token_hash=key_hash(token),
            account_type=kind,
            role=role,
            locale=locale,
            invited_by=actor.label,
            expires_at=now + LIFETIME,
            **subject.columns(),
        )
        session.add(row)
        session.flush()
        detail = {"role": role, "account_type": kind, "subject": f"{subject.kind}:{subject.external_id}"}
        record_audit(session, actor, "invitation.sent", f"invitation:{row.id}", detail)
        _write(session, actor, row, token)
        session.refresh(row)
        return _view(row, *organizer_of(session, row))


def list_invitations(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[InvitationView]:
    """Return invitations that wait for an answer, newest first. Raises `ForbiddenError`."""
    require_manager(actor)
    query = _open(actor)
    if before := decode_cursor(cursor, int):
        query = query.where(Invitation.id < before[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(query.order_by(Invitation.id.desc()).limit(size + 1)).all()
        items = [_view(row, *organizer_of(session, row)) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def resend_invitation(actor: Actor, invitation_id: int) -> InvitationView:
    """Send a fresh link; the one before stops working.

    Raises `ForbiddenError`, `NotFoundError`, or `ConflictError` after five mails.
    """
    require_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        row = _one(session, actor, invitation_id)
        if row.sent >= MOST_MAILS:
            raise ConflictError(
                phrase("they got %(most)s mails already; invite them anew", most=MOST_MAILS), code="invited_often"
            )
        token = new_key("invite")
        row.token_hash, row.expires_at, row.sent = key_hash(token), datetime.now(UTC) + LIFETIME, row.sent + 1
        session.flush()
        record_audit(session, actor, "invitation.resent", f"invitation:{row.id}")
        _write(session, actor, row, token)
        return _view(row, *organizer_of(session, row))


def withdraw_invitation(actor: Actor, invitation_id: int) -> None:
    """Make an invitation's link useless. Raises `ForbiddenError` or `NotFoundError`."""
    require_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        row = _one(session, actor, invitation_id)
        row.withdrawn_at = datetime.now(UTC)
        session.flush()
        record_audit(session, actor, "invitation.withdrawn", f"invitation:{row.id}")


def _waiting(tenant_id: int, index: bytes, columns: dict[str, int | str | None]) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.tenant_id == tenant_id,
        Invitation.recipient_index == index,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        *(getattr(Invitation, name).is_not_distinct_from(value) for name, value in columns.items()),
    )


def refuse_member(session: Session, tenant_id: int, index: bytes, columns: dict[str, int | str | None]) -> None:
    """Raise `ConflictError` when somebody with this address is a member already."""
    member = (
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == tenant_id,
            User.email_index == index,
            *(getattr(Membership, name).is_not_distinct_from(value) for name, value in columns.items()),
        )
    )
    if session.scalar(member) is not None:
        problem = FieldProblem("/email", "unique", phrase("this person is a member already; change their role instead"))
        raise ConflictError(phrase("this person is a member already"), errors=[problem], code="already_member")


def _open(actor: Actor) -> Select[Invitation]:
    return select(Invitation).where(
        *visible(actor, Invitation), Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
    )


def _one(session: Session, actor: Actor, invitation_id: int) -> Invitation:
    row = session.scalars(_open(actor).where(Invitation.id == invitation_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no open invitation {invitation_id}")
    check_reach(actor, row.account_type, row.role)
    return row


def organizer_of(session: Session, row: Invitation) -> tuple[str, str]:
    """Return external id and name of what an invitation is for; empty for the marketplace itself."""
    organizer = session.get(Organizer, row.organizer_id) if row.organizer_id else None
    if organizer:
        return organizer.external_id, organizer.name
    named = subject_names(session, row.tenant_id, [row])
    return row.subject_id or "", named.get((row.subject_kind or "", row.subject_id or ""), row.subject_id or "")


def _write(session: Session, actor: Actor, row: Invitation, token: str) -> None:
    tenant = session.get_one(Tenant, actor.tenant_id)
    inviter = session.get(User, actor.user_id) if actor.user_id else None
    by = tenant_key(None).decrypt(inviter.display_name_ciphertext, "users.display_name") if inviter else tenant.name
    data = {
        "by": by,
        "place": organizer_of(session, row)[1] or row.subject_id or tenant.name,
        "days": str(LIFETIME.days),
    }
    link = f"{settings().base_url}/invitation/{token}"
    recipient, locale = row.recipient_ciphertext, row.locale
    post(session, actor.tenant_id, "invitation", recipient=recipient, locale=locale, data=data, link=link)


def _view(row: Invitation, organizer_external_id: str, organizer_name: str) -> InvitationView:
    subject_id = organizer_external_id or row.subject_id or ""
    return InvitationView(
        id=row.id,
        email=readable_email(row.recipient_ciphertext),
        subject_kind=subject_of(row),
        subject_id=subject_id,
        subject_name=organizer_name or subject_id,
        account_type=row.account_type,
        role=row.role,
        sent=row.sent,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
