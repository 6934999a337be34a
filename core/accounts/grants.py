"""The matrix of a marketplace: which account types are granted what, and how its administrators change it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.models import PermissionGrant
from core.accounts.permissions import ACCOUNT_TYPES, ADMIN, DEFAULTS, LOCKED, PERMISSIONS, Grant, matrix
from core.accounts.service import Actor
from core.accounts.sites import require_admin
from core.db.session import tenant_session
from core.errors import FieldProblem, InvalidInputError

Matrix = Mapping[str, frozenset[str]]


def granted_in(session: Session, tenant_id: int) -> dict[str, frozenset[str]]:
    """Return what each account type is granted in a marketplace, in the caller's transaction."""
    query = select(PermissionGrant.account_type, PermissionGrant.permission, PermissionGrant.granted).where(
        PermissionGrant.tenant_id == tenant_id
    )
    return matrix(Grant(row.account_type, row.permission, row.granted) for row in session.execute(query))


def get_matrix(actor: Actor) -> dict[str, frozenset[str]]:
    """Return the marketplace's matrix. Raises `ForbiddenError`."""
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        return granted_in(session, actor.tenant_id)


def set_matrix(actor: Actor, wanted: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Grant exactly these permissions to the account types that are named; others stay as they are.

    What nobody can take away stays granted, so the last administrator is never locked out. Members notice with their
    next request. Returns the whole matrix. Raises `ForbiddenError` or `InvalidInputError`.
    """
    require_admin(actor)
    _check(wanted)
    with tenant_session(actor.tenant_id) as session:
        before = granted_in(session, actor.tenant_id)
        for kind, keys in wanted.items():
            _store(session, actor.tenant_id, kind, frozenset(keys))
        session.flush()
        after = granted_in(session, actor.tenant_id)
        changes = {
            kind: {"granted": sorted(after[kind] - before[kind]), "taken": sorted(before[kind] - after[kind])}
            for kind in after
            if after[kind] != before[kind]
        }
        if changes:
            record_audit(session, actor, "permissions.changed", f"tenant:{actor.tenant_id}", changes)
    return after


def reset_matrix(actor: Actor) -> dict[str, frozenset[str]]:
    """Go back to the default matrix. Raises `ForbiddenError`."""
    return set_matrix(actor, DEFAULTS)


def _check(wanted: Mapping[str, Collection[str]]) -> None:
    problems = []
    for kind, keys in wanted.items():
        if kind not in ACCOUNT_TYPES:
            said = f"use account types among: {', '.join(ACCOUNT_TYPES)}"
            problems.append(FieldProblem(f"/{kind}", "one_of", said))
        unknown = sorted(set(keys) - PERMISSIONS)
        if unknown:
            problems.append(
                FieldProblem(f"/{kind}", "one_of", phrase("there is no permission %(value)s", value=repr(unknown[0])))
            )
        if kind != ADMIN and ADMIN in keys:
            problems.append(
                FieldProblem(f"/{kind}", "admin_only", phrase("only the type admin has the permission admin"))
            )
        if missing := LOCKED.get(kind, frozenset()) - set(keys):
            said = f"{', '.join(sorted(missing))} cannot be taken from {kind}: nobody could give it back"
            problems.append(FieldProblem(f"/{kind}", "locked", said))
    if problems:
        raise InvalidInputError(phrase("these permissions cannot be set"), errors=problems)


def _store(session: Session, tenant_id: int, kind: str, keys: frozenset[str]) -> None:
    """Keep only what differs from the default, so that permissions of later versions come with their defaults."""
    session.execute(
        delete(PermissionGrant).where(PermissionGrant.tenant_id == tenant_id, PermissionGrant.account_type == kind)
    )
    for permission in sorted(keys ^ DEFAULTS[kind]):
        granted = permission in keys
        session.add(PermissionGrant(tenant_id=tenant_id, account_type=kind, permission=permission, granted=granted))
