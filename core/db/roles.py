"""The three database roles: who they are and how they come to be."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.db.session import APP, MAINTAINER, OWNER

SCHEMA_GRANTS = f"""
GRANT USAGE, CREATE ON SCHEMA public TO {OWNER}, {MAINTAINER};
GRANT USAGE ON SCHEMA public TO {APP};
GRANT {MAINTAINER} TO {OWNER};
"""


class RoleError(Exception):
    """The login may not create or use the roles; the message tells an administrator what to run."""


def ensure_roles(connection: Connection) -> None:
    """Create missing roles and let this login take them; raises `RoleError` with the statements to run by hand."""
    try:
        # Roles belong to the whole server; two installations starting at once must not both create them.
        connection.execute(text("SELECT pg_advisory_xact_lock(20262026)"))
        existing = set(connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname LIKE 'adrail\\_%'")))
        for role, options in ((OWNER, ""), (APP, ""), (MAINTAINER, "BYPASSRLS")):
            if role not in existing:
                connection.execute(text(f"CREATE ROLE {role} NOLOGIN {options}"))
        for role in (OWNER, APP, MAINTAINER):
            connection.execute(text(_grant_to_self(role)))
        connection.execute(text(SCHEMA_GRANTS))
    except DBAPIError as exc:
        raise RoleError(
            "this database login cannot create adrail's roles. Ask an administrator to run, in this database:\n"
            f"CREATE ROLE {OWNER} NOLOGIN; CREATE ROLE {APP} NOLOGIN; CREATE ROLE {MAINTAINER} NOLOGIN BYPASSRLS;\n"
            f"GRANT {OWNER}, {APP}, {MAINTAINER} TO <login of DATABASE_URL>;{SCHEMA_GRANTS}"
        ) from exc


def _grant_to_self(role: str) -> str:
    return f"""
    DO $$ BEGIN
      IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
         AND NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
        EXECUTE format('GRANT {role} TO %I', current_user);
      END IF;
    END $$"""  # noqa: S608 - role names are constants of this package
