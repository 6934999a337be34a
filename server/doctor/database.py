"""Checks of PostgreSQL: reachable, migrated, tenants kept apart, room for the coming months and connections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from sqlalchemy import text

from core.config import settings
from core.db.migrate import pending_revisions
from core.db.session import APP, MAINTAINER, OWNER, engine, maintainer_session
from core.embedded.errors import ServerRequirementError
from core.embedded.requirements import check_postgres
from server.doctor.findings import Finding, fail, graded, ok, warn

ROLES = text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY(:names)")
LOGIN_IS_SUPERUSER = text("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
APP_IS_OWNER = text("SELECT pg_has_role(:app, :owner, 'MEMBER')")
TABLES = text("""
SELECT c.relname AS name, c.relispartition AS is_partition, c.relrowsecurity AND c.relforcerowsecurity AS forced,
       EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy,
       has_table_privilege(:app, c.oid, 'SELECT, INSERT, UPDATE, DELETE') AS reachable
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND c.relname <> 'alembic_version'
""")
HAS_TABLE = text("SELECT to_regclass(:name) IS NOT NULL")
CONNECTIONS = text("""
SELECT count(*) AS used,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most
FROM pg_stat_activity WHERE backend_type = 'client backend'
""")
MONTHS_NEEDED, MONTHS_WANTED = 1, 2


def reachable() -> Iterator[Finding]:
    """The server answers and is new enough; without it nothing else of the database is checked."""
    try:
        found = check_postgres(settings().database_url.get_secret_value())
    except ServerRequirementError as exc:
        yield fail("database", str(exc), "Start it, or correct DATABASE_URL.")
    else:
        yield ok("database", f"{found.product} {found.version} answers")


def roles() -> Iterator[Finding]:
    """The application may not see across tenants, the maintainer must."""
    with maintainer_session() as session:
        found = {row.rolname: row for row in session.execute(ROLES, {"names": [OWNER, APP, MAINTAINER]})}
        missing = sorted({OWNER, APP, MAINTAINER} - set(found))
        if missing:
            yield fail("roles", f"missing: {', '.join(missing)}", "Run `adrail migrate`.")
            return
        owner = bool(session.scalar(APP_IS_OWNER, {"app": APP, "owner": OWNER}))
    if found[APP].rolsuper or found[APP].rolbypassrls or owner:
        yield fail("roles", f"{APP} could pass by row-level security", f"ALTER ROLE {APP} NOSUPERUSER NOBYPASSRLS;")
    elif not found[MAINTAINER].rolbypassrls:
        yield fail("roles", f"{MAINTAINER} may not look across tenants", f"ALTER ROLE {MAINTAINER} BYPASSRLS;")
    else:
        yield ok("roles", f"{APP} is restricted, {MAINTAINER} may look across tenants")
    with engine(APP).connect() as connection:
        if connection.scalar(LOGIN_IS_SUPERUSER):
            yield warn(
                "logins",
                "the application logs in as a superuser and only then becomes restricted",
                "Give it a login of its own: docs/how-to/deploy.md, «Database».",
            )


def migrations() -> Iterator[Finding]:
    """The schema is this version's."""
    with engine(APP).connect() as connection:
        pending = pending_revisions(connection)
    if pending:
        yield fail("migrations", f"missing: {', '.join(pending)}", "Run `adrail migrate`.")
    else:
        yield ok("migrations", "up to date")


def row_level_security() -> Iterator[Finding]:
    """Every table is protected, and no partition can be reached past its parent's policy."""
    with maintainer_session() as session:
        rows = session.execute(TABLES, {"app": APP}).all()
    open_tables = sorted(row.name for row in rows if not row.forced or not (row.has_policy or row.is_partition))
    side_doors = sorted(row.name for row in rows if row.is_partition and row.reachable)
    if open_tables:
        yield fail(
            "tenant isolation",
            f"no forced row-level security with a policy on {', '.join(open_tables)}",
            "Stop the web server: tenants can see each other. Then find out who changed these tables.",
        )
    if side_doors:
        yield fail(
            "tenant isolation",
            f"{APP} reaches partitions directly: {', '.join(side_doors)}",
            f"REVOKE ALL ON {', '.join(side_doors)} FROM {APP};",
        )
    if not open_tables and not side_doors:
        yield ok("tenant isolation", f"row-level security is forced on all {len(rows)} tables")


def partitions(today: date | None = None) -> Iterator[Finding]:
    """Events of the coming months have somewhere to go."""
    first = today or datetime.now(UTC).date()
    month = first.year * 12 + first.month - 1
    wanted = [f"tx_events_p{number // 12}{number % 12 + 1:02}" for number in range(month, month + MONTHS_WANTED + 1)]
    with maintainer_session() as session:
        missing = [name for name in wanted if not session.scalar(HAS_TABLE, {"name": f"public.{name}"})]
    remedy = "Is `adrail cron` running? Make them now: `adrail migrate`."
    if set(missing) & set(wanted[: MONTHS_NEEDED + 1]):
        yield fail("partitions", f"missing: {', '.join(missing)}", remedy)
    elif missing:
        yield warn("partitions", f"missing: {', '.join(missing)}", remedy)
    else:
        yield ok("partitions", f"ready up to {wanted[-1]}")


def connections() -> Iterator[Finding]:
    """The server takes more connections than are in use."""
    with maintainer_session() as session:
        row = session.execute(CONNECTIONS).one()
    yield graded(
        "database connections",
        row.used / row.most,
        f"{row.used} of {row.most} in use",
        "Raise max_connections, or lower ADRAIL_DATABASE_POOL_SIZE or the number of processes.",
        warn_from=0.8,
        fail_from=0.95,
    )
