"""Verification: how sure a marketplace is who somebody is, and the only way to another account type of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.models import Membership, User, VerificationRequest
from core.accounts.permissions import SUBJECT_TYPES
from core.accounts.profiles import subject_of
from core.accounts.service import Actor, tenant_key
from core.accounts.sites import require_admin
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError, NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor

LEVELS = ("none", "email", "phone", "identity", "business")
"""From nothing known to a company whose papers were seen."""
NEEDED: Mapping[str, str] = {
    "user": "none",
    "artist": "identity",
    "media": "identity",
    "venue_manager": "identity",
    "ad_account": "business",
    "label": "business",
    "marketplace": "business",
    "organizer": "business",
    "promoter": "business",
    "venue": "business",
}
"""The level that each account type needs; `admin` cannot be asked for."""
MAX_STATEMENT = 2000
FIELD = "verification_requests.statement"


@dataclass(frozen=True, slots=True)
class RequestView:
    """A wish for another account type; ``state`` is ``waiting``, ``approved`` or ``refused``."""

    id: int
    membership_id: int
    display_name: str
    email: str
    present_type: str
    account_type: str
    level: str
    statement: str
    state: str
    created_at: datetime


def is_verified(level: str, needed: str) -> bool:
    """Whether a level is at least another one; raises `ValueError` for what is none."""
    return LEVELS.index(level) >= LEVELS.index(needed)


def types_to_ask_for(subject_kind: str) -> tuple[str, ...]:
    """Return the account types that a member of such a subject can ask for."""
    return tuple(kind for kind in SUBJECT_TYPES[subject_kind] if kind in NEEDED)


def ask_for_type(actor: Actor, account_type: str, statement: str) -> None:
    """Ask the marketplace's administrators for another account type, saying what proves it.

    Raises `InvalidInputError`, or `ConflictError` while an earlier wish waits.
    """
    with tenant_session(actor.tenant_id) as session:
        row = session.scalars(_own(actor)).one_or_none()
        if row is None:
            raise ForbiddenError("only members have an account type", code="permission_missing")
        types = types_to_ask_for(subject_of(row))
        problems = []
        if account_type not in types or account_type == row.account_type:
            others = ", ".join(kind for kind in types if kind != row.account_type)
            problems.append(FieldProblem("/account_type", "one_of", phrase("use one of: %(others)s", others=others)))
        if not 0 < len(statement.strip()) <= MAX_STATEMENT or "\0" in statement:
            said = f"say in up to {MAX_STATEMENT} characters what proves it"
            problems.append(FieldProblem("/statement", "length", said))
        if problems:
            raise InvalidInputError(phrase("this cannot be asked for"), errors=problems)
        waiting = select(VerificationRequest.id).where(
            VerificationRequest.tenant_id == actor.tenant_id,
            VerificationRequest.membership_id == row.id,
            VerificationRequest.state == "waiting",
        )
        if session.scalar(waiting.limit(1)) is not None:
            raise ConflictError(phrase("your earlier wish still waits for an answer"), code="verification_waiting")
        wish = VerificationRequest(
            tenant_id=actor.tenant_id,
            membership_id=row.id,
            account_type=account_type,
            level=NEEDED[account_type],
            statement_ciphertext=tenant_key(actor.tenant_id).encrypt(statement.strip(), FIELD),
        )
        session.add(wish)
        session.flush()
        record_audit(session, actor, "verification.asked", f"member:{row.id}", {"account_type": account_type})


def own_request(actor: Actor) -> RequestView | None:
    """Return the newest wish of the signed-in person, if any."""
    with tenant_session(actor.tenant_id) as session:
        query = _query(actor.tenant_id).where(VerificationRequest.membership_id == actor.membership_id)
        row = session.execute(query.order_by(VerificationRequest.id.desc()).limit(1)).one_or_none()
        return _view(actor.tenant_id, row) if row else None


def list_requests(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[RequestView]:
    """Return wishes that wait, oldest first. Raises `ForbiddenError`."""
    require_admin(actor)
    query = _query(actor.tenant_id).where(VerificationRequest.state == "waiting")
    if after := decode_cursor(cursor, int):
        query = query.where(VerificationRequest.id > after[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.execute(query.order_by(VerificationRequest.id).limit(size + 1)).all()
    items = [_view(actor.tenant_id, row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def decide_request(actor: Actor, request_id: int, *, approve: bool) -> None:
    """Approve a wish, which sets account type and verification level, or refuse it.

    Raises `ForbiddenError`, `NotFoundError`, or `ConflictError` for one that was decided.
    """
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        query = select(VerificationRequest).where(
            VerificationRequest.tenant_id == actor.tenant_id, VerificationRequest.id == request_id
        )
        wish = session.scalars(query.with_for_update()).one_or_none()
        if wish is None:
            raise NotFoundError(f"there is no request {request_id}")
        if wish.state != "waiting":
            raise ConflictError(phrase("this was decided already"), code="decided")
        row = session.get_one(Membership, wish.membership_id, with_for_update=True)
        if row.user_id == actor.user_id:
            raise ForbiddenError("nobody decides about themselves", code="own_request")
        wish.state = "approved" if approve else "refused"
        wish.decided_by, wish.decided_at = actor.label, datetime.now(UTC)
        if approve:
            _raise_level(row, wish.level)
            # An administrator who becomes something else leaves by the page that guards the last one.
            row.account_type = wish.account_type if row.account_type != "admin" else row.account_type
        session.flush()
        detail = {"account_type": wish.account_type, "level": wish.level, "state": wish.state}
        record_audit(session, actor, "verification.decided", f"member:{row.id}", detail)


def set_level(actor: Actor, membership_id: int, level: str) -> None:
    """Say how well a member is verified. Raises `ForbiddenError`, `InvalidInputError` or `NotFoundError`."""
    require_admin(actor)
    if level not in LEVELS:
        problem = FieldProblem("/level", "one_of", phrase("use one of: %(choices)s", choices=", ".join(LEVELS)))
        raise InvalidInputError(phrase("there is no such level"), errors=[problem])
    with tenant_session(actor.tenant_id) as session:
        row = _member(session, actor, membership_id)
        before, row.verification = row.verification, level
        session.flush()
        if before != level:
            detail = {"before": before, "after": level}
            record_audit(session, actor, "verification.set", f"member:{row.id}", detail)


def _raise_level(row: Membership, level: str) -> None:
    if not is_verified(row.verification, level):
        row.verification = level


def _own(actor: Actor) -> Select[Membership]:
    return select(Membership).where(
        Membership.tenant_id == actor.tenant_id,
        Membership.id == actor.membership_id,
        Membership.user_id == actor.user_id,
    )


def _member(session: Session, actor: Actor, membership_id: int) -> Membership:
    query = select(Membership).where(Membership.tenant_id == actor.tenant_id, Membership.id == membership_id)
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no member {membership_id} here")
    return row


def _query(tenant_id: int) -> Select[VerificationRequest, Membership, User]:
    return (
        select(VerificationRequest, Membership, User)
        .join(Membership, Membership.id == VerificationRequest.membership_id)
        .join(User, User.id == Membership.user_id)
        .where(VerificationRequest.tenant_id == tenant_id)
    )


def _view(tenant_id: int, found: Any) -> RequestView:
    wish, member, user = found
    key = tenant_key(None)
    return RequestView(
        id=wish.id,
        membership_id=member.id,
        display_name=key.decrypt(user.display_name_ciphertext, "users.display_name"),
        email=key.decrypt(user.email_ciphertext, "users.email"),
        present_type=member.account_type,
        account_type=wish.account_type,
        level=wish.level,
        statement=tenant_key(tenant_id).decrypt(wish.statement_ciphertext, FIELD),
        state=wish.state,
        created_at=wish.created_at,
    )
