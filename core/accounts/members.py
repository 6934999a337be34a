"""Members of a marketplace and of what belongs to it: listing them, changing their role, removing them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.models import Membership, Organizer, User, UserSession
from core.accounts.permissions import ADMIN, SUBJECT_TYPES
from core.accounts.profiles import subject_of
from core.accounts.service import Actor, tenant_key
from core.accounts.subjects import Subject, check_grant, check_reach, require_manager, subject_names, visible
from core.accounts.tiers import TIERS, tiers_in
from core.db.locks import Lock
from core.db.session import maintainer_session, tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor

ONE_AT_A_TIME = text(f"SELECT pg_advisory_xact_lock({Lock.MEMBERS}, :tenant)")
MEMBER_ROLES = ("owner", "admin")


@dataclass(frozen=True, slots=True)
class MemberView:
    """One membership with its person; ``subject_id`` is an external id, empty for the marketplace itself."""

    id: int
    user_id: int
    display_name: str
    email: str
    subject_kind: str
    subject_id: str
    subject_name: str
    account_type: str
    role: str
    verification: str
    tier: str
    two_step: bool
    disabled: bool
    created_at: datetime
    last_seen_at: datetime | None


def list_members(
    actor: Actor, *, subject_kind: str | None = None, subject_id: str = "", limit: int = 50, cursor: str | None = None
) -> Page[MemberView]:
    """Return members, oldest first; the marketplace sees everybody's, others their own.

    ``subject_kind`` keeps those of one subject, or of the marketplace itself. Raises `ForbiddenError` or
    `InvalidInputError`.
    """
    require_manager(actor)
    query = _query(actor)
    if subject_kind:
        query = query.where(*_of(subject_kind, subject_id))
    if after := decode_cursor(cursor, int):
        query = query.where(Membership.id > after[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.execute(query.order_by(Membership.id).limit(size + 1)).all()
        tiers = tiers_in(session, actor.tenant_id)
        names = subject_names(session, actor.tenant_id, [row[0] for row in rows])
    items = [_view(row, tiers, names) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def get_member(actor: Actor, membership_id: int) -> MemberView:
    """Return one member; raises `ForbiddenError` or `NotFoundError`."""
    require_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        row = session.execute(_query(actor).where(Membership.id == membership_id)).one_or_none()
        if row is None:
            raise _unknown(membership_id)
        names = subject_names(session, actor.tenant_id, [row[0]])
        return _view(row, tiers_in(session, actor.tenant_id), names)


def change_member(
    actor: Actor, membership_id: int, *, role: str | None = None, account_type: str | None = None
) -> MemberView:
    """Change role or account type, from the person's next request on; what is None stays.

    Raises `ForbiddenError`, `InvalidInputError`, `NotFoundError`, or `ConflictError` for the last administrator.
    """
    require_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        row = _locked(session, actor, membership_id)
        check_reach(actor, row.account_type, row.role)
        kind, wanted = account_type or row.account_type, role or row.role
        if kind != row.account_type and row.user_id == actor.user_id and ADMIN not in actor.permissions:
            raise _own_type()
        check_grant(actor, subject_of_row(session, row), kind, wanted, row.account_type)
        before = {"role": row.role, "account_type": row.account_type}
        after = {"role": wanted, "account_type": kind}
        if before != after:
            was_admin = row.account_type == ADMIN
            row.role, row.account_type = wanted, kind
            session.flush()
            if was_admin:
                keep_an_administrator(session, actor.tenant_id)
            record_audit(session, actor, "member.changed", f"member:{row.id}", {"before": before, "after": after})
    return get_member(actor, membership_id)


def remove_member(actor: Actor, membership_id: int) -> None:
    """Take a person's membership away; their account stays, sessions under it end.

    Raises `ForbiddenError`, `NotFoundError`, or `ConflictError` for the last administrator.
    """
    require_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        row = _locked(session, actor, membership_id)
        check_reach(actor, row.account_type, row.role)
        detail = {"role": row.role, "account_type": row.account_type, "user": row.user_id}
        session.delete(row)
        session.flush()
        if row.account_type == ADMIN:
            keep_an_administrator(session, actor.tenant_id)
        record_audit(session, actor, "member.removed", f"member:{membership_id}", detail)


def disable_user(user_id: int, *, disabled: bool = True) -> None:
    """Lock a person out of the whole installation, or let them in again; for operators.

    Raises `ConflictError` for the last administrator of any marketplace.
    """
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one()
        user.disabled_at = func.now() if disabled else None
        session.execute(delete(UserSession).where(UserSession.user_id == user_id))
        session.flush()
        held = select(Membership.tenant_id, func.bool_or(Membership.account_type == ADMIN).label("admin"))
        for place in session.execute(held.where(Membership.user_id == user_id).group_by(Membership.tenant_id)).all():
            if disabled and place.admin:
                keep_an_administrator(session, place.tenant_id, said="of one of their marketplaces")
            action = "user.disabled" if disabled else "user.enabled"
            record_audit(session, Actor.system(place.tenant_id, "cli"), action, f"user:{user_id}")


def keep_an_administrator(session: Session, tenant_id: int, said: str = "of this marketplace") -> None:
    """Raise `ConflictError` when nobody is left who could give anything back."""
    session.execute(ONE_AT_A_TIME, {"tenant": tenant_id % 2**31})
    left = session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.account_type == ADMIN,
            Membership.role.in_(MEMBER_ROLES),
            Membership.organizer_id.is_(None),
            Membership.subject_kind.is_(None),
            User.disabled_at.is_(None),
        )
    )
    if not left:
        raise ConflictError(
            phrase("this is the last administrator %(said)s; make another one first", said=said), code="last_admin"
        )


def _query(actor: Actor) -> Select[Membership, User, str, str, datetime]:
    seen = (
        select(func.max(UserSession.last_seen_at)).where(UserSession.membership_id == Membership.id).scalar_subquery()
    )
    return (
        select(Membership, User, Organizer.external_id, Organizer.name, seen.label("seen"))
        .join(User, User.id == Membership.user_id)
        .join(Organizer, Organizer.id == Membership.organizer_id, isouter=True)
        .where(*visible(actor, Membership))
    )


def _of(kind: str, external_id: str) -> list[Any]:
    if kind not in SUBJECT_TYPES:
        problem = FieldProblem(
            "/subject_kind", "one_of", phrase("use one of: %(choices)s", choices=", ".join(SUBJECT_TYPES))
        )
        raise InvalidInputError(phrase("there are no members of this kind"), errors=[problem])
    if kind == "marketplace":
        return [Membership.organizer_id.is_(None), Membership.subject_kind.is_(None)]
    if kind == "organizer":
        return [Membership.organizer_id.is_not(None), *([Organizer.external_id == external_id] if external_id else [])]
    return [Membership.subject_kind == kind, *([Membership.subject_id == external_id] if external_id else [])]


def _locked(session: Session, actor: Actor, membership_id: int) -> Membership:
    # Two administrators must not remove each other at the same moment.
    session.execute(ONE_AT_A_TIME, {"tenant": actor.tenant_id % 2**31})
    query = select(Membership).where(*visible(actor, Membership), Membership.id == membership_id).with_for_update()
    row = session.scalars(query).one_or_none()
    if row is None:
        raise _unknown(membership_id)
    return row


def subject_of_row(session: Session, row: Membership) -> Subject:
    """Return what a membership belongs to."""
    organizer = session.get(Organizer, row.organizer_id) if row.organizer_id else None
    return Subject(subject_of(row), organizer.external_id if organizer else row.subject_id or "", row.organizer_id)


def _own_type() -> ConflictError:
    return ConflictError(
        phrase("your own account type changes only through verification; ask for it under «Your account»"),
        code="own_account_type",
    )


def _unknown(membership_id: int) -> NotFoundError:
    return NotFoundError(f"there is no member {membership_id} here")


def _view(row: Any, tiers: dict[tuple[str, str], str], names: dict[tuple[str, str], str]) -> MemberView:
    member, user, organizer_external_id, organizer_name, seen = row
    key, kind = tenant_key(None), subject_of(member)
    subject_id = organizer_external_id or member.subject_id or ""
    return MemberView(
        id=member.id,
        user_id=user.id,
        display_name=key.decrypt(user.display_name_ciphertext, "users.display_name"),
        email=key.decrypt(user.email_ciphertext, "users.email"),
        subject_kind=kind,
        subject_id=subject_id,
        subject_name=organizer_name or names.get((kind, subject_id), subject_id),
        account_type=member.account_type,
        role=member.role,
        verification=member.verification,
        tier=TIERS[-1] if kind == "marketplace" else tiers.get((kind, subject_id), TIERS[0]),
        two_step=user.totp_since is not None,
        disabled=user.disabled_at is not None,
        created_at=member.created_at,
        last_seen_at=seen,
    )
