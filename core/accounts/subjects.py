"""What a member belongs to: the marketplace, an organiser, an artist, a venue, … by kind and external id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.models import Invitation, Membership, Organizer
from core.accounts.neighbours import SUBJECT_ROWS
from core.accounts.permissions import ADMIN, ROLES, SUBJECT_TYPES, SUBJECTS, at_least
from core.accounts.service import Actor
from core.errors import FieldProblem, ForbiddenError, InvalidInputError

MAX_ID = 200
PLAIN = "user"
UNKNOWN: Mapping[str, Callable[[str], str]] = {
    "organizer": lambda found: phrase("there is no organiser «%(id)s» in this marketplace", id=found),
    "artist": lambda found: phrase("there is no artist «%(id)s» in this marketplace", id=found),
    "venue": lambda found: phrase("there is no venue «%(id)s» in this marketplace", id=found),
}
"""What to say of a subject that the catalogue does not have."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Kind and external id (empty for the marketplace); ``organizer_id`` is the row of an organiser."""

    kind: str
    external_id: str = ""
    organizer_id: int | None = None

    def columns(self) -> dict[str, int | str | None]:
        """Return what memberships and invitations store."""
        other = self.kind not in {"marketplace", "organizer"}
        return {
            "organizer_id": self.organizer_id,
            "subject_kind": self.kind if other else None,
            "subject_id": self.external_id if other else None,
        }


def find_subject(session: Session, tenant_id: int, kind: str, external_id: str) -> Subject:
    """Return a subject; raises `InvalidInputError` for an unknown kind, organiser, artist or venue."""
    if kind not in SUBJECTS:
        raise _wrong("/subject_kind", "one_of", phrase("use one of: %(choices)s", choices=", ".join(SUBJECTS)))
    if kind == "marketplace":
        return Subject(kind)
    if not 0 < len(external_id) <= MAX_ID or not external_id.isprintable():
        raise _wrong("/subject_id", "length", phrase("use the external id, 1 to %(most)s characters", most=MAX_ID))
    check_known(session, tenant_id, kind, external_id)
    if kind != "organizer":
        return Subject(kind, external_id)
    query = select(Organizer.id).where(Organizer.tenant_id == tenant_id, Organizer.external_id == external_id)
    return Subject(kind, external_id, session.scalar(query))


def check_known(session: Session, tenant_id: int, kind: str, external_id: str) -> None:
    """Raise `InvalidInputError` for an organiser, artist or venue that the catalogue does not have.

    Labels, promoters and ad accounts are no rows of the catalogue; any id is taken for them.
    """
    if kind in SUBJECT_ROWS and external_id not in names_of_subjects(session, tenant_id, kind, [external_id]):
        raise _wrong("/subject_id", "known", UNKNOWN[kind](external_id))


def names_of_subjects(session: Session, tenant_id: int, kind: str, external_ids: Collection[str]) -> dict[str, str]:
    """External id → name of organisers, artists or venues; nothing for kinds that the catalogue does not have."""
    rows = SUBJECT_ROWS.get(kind)
    if rows is None or not external_ids:
        return {}
    query = select(rows.c.external_id, rows.c.name).where(
        rows.c.tenant_id == tenant_id, rows.c.external_id.in_(external_ids)
    )
    return {row.external_id: row.name for row in session.execute(query)}


def subject_names(session: Session, tenant_id: int, rows: Iterable[Any]) -> dict[tuple[str, str], str]:
    """(Kind, external id) → name of what memberships or invitations are about, as far as the catalogue knows it."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        if row.subject_kind:
            wanted.setdefault(row.subject_kind, set()).add(row.subject_id)
    return {
        (kind, external_id): name
        for kind, ids in wanted.items()
        for external_id, name in names_of_subjects(session, tenant_id, kind, ids).items()
    }


def _wrong(pointer: str, rule: str, message: str) -> InvalidInputError:
    return InvalidInputError(phrase("the subject is not known"), errors=[FieldProblem(pointer, rule, message)])


def own_subject(session: Session, actor: Actor) -> Subject:
    """Return what the actor belongs to."""
    if actor.subject is not None:
        return Subject(*actor.subject)
    if actor.organizer_id is None:
        return Subject("marketplace")
    query = select(Organizer.external_id).where(
        Organizer.tenant_id == actor.tenant_id, Organizer.id == actor.organizer_id
    )
    return Subject("organizer", session.scalar(query) or "", actor.organizer_id)


def visible(actor: Actor, table: type[Membership] | type[Invitation]) -> list[ColumnElement[bool]]:
    """Return the conditions on memberships or invitations that an actor may see and manage."""
    conditions = [table.tenant_id == actor.tenant_id]
    if actor.subject is not None:
        kind, external_id = actor.subject
        conditions += [table.subject_kind == kind, table.subject_id == external_id]
    elif actor.organizer_id is not None:
        conditions += [table.organizer_id == actor.organizer_id]
    return conditions


def require_manager(actor: Actor) -> None:
    """Raise `ForbiddenError` for who may not manage people."""
    if "manage_users" not in actor.permissions:
        raise ForbiddenError("your role does not include managing people", code="permission_missing")


def grantable_types(actor: Actor, kind: str, present: str | None = None) -> tuple[str, ...]:
    """Return the account types an actor may give to a member of such a subject, who has ``present`` now.

    Other types than the subject's usual one prove something, so they come from administrators.
    """
    types = SUBJECT_TYPES[kind]
    if ADMIN in actor.permissions:
        return types
    return tuple(name for name in types if name in {types[0], PLAIN, present} - {ADMIN})


def check_grant(actor: Actor, subject: Subject, account_type: str, role: str, present: str | None = None) -> None:
    """Check that this actor may make somebody, who has the account type ``present`` now, a member like this.

    Raises `InvalidInputError` for what makes no sense, `ForbiddenError` for what is above the actor's own.
    """
    problems = []
    if role not in ROLES:
        problems.append(FieldProblem("/role", "one_of", phrase("use one of: %(choices)s", choices=", ".join(ROLES))))
    types = SUBJECT_TYPES[subject.kind]
    if account_type not in types:
        problems.append(
            FieldProblem("/account_type", "one_of", phrase("use one of: %(choices)s", choices=", ".join(types)))
        )
    if problems:
        raise InvalidInputError(phrase("nobody can be a member like this"), errors=problems)
    check_reach(actor, account_type, role)
    if account_type not in grantable_types(actor, subject.kind, present):
        raise ForbiddenError("only an administrator gives people another account type", code="type_by_admin")


def check_reach(actor: Actor, account_type: str, role: str) -> None:
    """Raise `ForbiddenError` for members whom this actor may neither make nor change."""
    if account_type == ADMIN and ADMIN not in actor.permissions:
        raise ForbiddenError("only an administrator makes or changes administrators", code="admin_only")
    if not reaches(actor, account_type, role):
        raise ForbiddenError("nobody hands out or changes a role above their own", code="role_above_own")


def reaches(actor: Actor, account_type: str, role: str) -> bool:
    """Whether an actor may make or change such a member: administrators anybody, others up to their own role.

    Keys have no role of their own; administrators are beyond them.
    """
    if ADMIN in actor.permissions:
        return True
    return account_type != ADMIN and (actor.kind != "user" or at_least(actor.role or "", role))
