"""The three database roles: who they are and how they come to be."""

from __future__ import annotations

from collections.abc import Collection

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from core.config import Settings
from core.db.session import APP, MAINTAINER, OWNER, make_engine, role_url

OPTIONS = {OWNER: "", APP: "", MAINTAINER: "BYPASSRLS"}
TRIES = 5
# Roles belong to the whole server: another installation on it may be creating them at this moment.
COLLISIONS = (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation, psycopg.errors.InternalError_)
SCHEMA_RIGHTS = ((OWNER, "USAGE"), (OWNER, "CREATE"), (MAINTAINER, "USAGE"), (MAINTAINER, "CREATE"), (APP, "USAGE"))


class RoleError(Exception):
    """The login may not create or use the roles; the message tells an administrator what to run."""


def ensure_roles(config: Settings) -> None:
    """Create what is missing of roles, memberships and rights; raises `RoleError` with what to run by hand."""
    url = (config.database_owner_url or config.database_url).get_secret_value()
    administrator = make_engine(url, None, config)
    try:
        for number in range(1, TRIES + 1):
            try:
                with administrator.begin() as connection:
                    _complete(connection, config)
            except DBAPIError as exc:
                if number == TRIES or not isinstance(exc.orig, COLLISIONS):
                    raise
            else:
                return
    finally:
        administrator.dispose()


def _complete(connection: Connection, config: Settings) -> None:
    missing = _missing(connection, config)
    try:
        for statement in missing:
            connection.execute(text(statement))
    except DBAPIError as exc:
        if not isinstance(exc.orig, psycopg.errors.InsufficientPrivilege):
            raise
        listed = "\n".join(f"  {statement};" for statement in missing)
        raise RoleError(
            "this database login may not prepare adrail's roles. Ask an administrator to run, in this database:\n"
            f"{listed}\nThen run `adrail migrate` again."
        ) from exc


def _missing(connection: Connection, config: Settings) -> list[str]:
    """The statements that are still to run, in their order."""
    existing = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    statements = [
        f"CREATE ROLE {role} NOLOGIN {options}".rstrip() for role, options in OPTIONS.items() if role not in existing
    ]
    current = str(connection.scalar(text("SELECT current_user")))
    members = [(MAINTAINER, OWNER), *_logins(config, current)]
    statements += [
        f"GRANT {role} TO {_quoted(connection, member)}"
        for role, member in members
        if not _is_member(connection, existing, member, role)
    ]
    rights = {
        (role, right): None
        for role, right in SCHEMA_RIGHTS
        if role not in existing
        or not connection.scalar(
            text("SELECT has_schema_privilege(:role, 'public', :right)"), {"role": role, "right": right}
        )
    }
    statements += [f"GRANT {right} ON SCHEMA public TO {role}" for role, right in rights]
    return statements


def _logins(config: Settings, current: str) -> list[tuple[str, str]]:
    """Each role that a login takes with SET ROLE, and that login."""
    pairs = []
    for role in OPTIONS:
        url, set_role = role_url(config, role)
        if set_role is not None:
            pairs.append((role, make_url(url).username or current))
    return pairs


def _is_member(connection: Connection, existing: Collection[str], member: str, role: str) -> bool:
    if role not in existing or member not in existing:
        return False
    # Since PostgreSQL 16 a membership alone does not allow SET ROLE.
    right = "SET" if int(str(connection.scalar(text("SHOW server_version_num")))) >= 160_000 else "MEMBER"
    query = text("SELECT pg_has_role(:member, :role, :right)")
    return bool(connection.scalar(query, {"member": member, "role": role, "right": right}))


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
