"""Row-level security: every table, every role, pooled connections."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from core.catalog.models import Venue
from core.db.session import APP, MAINTAINER, OWNER, anonymous_session, engine, maintainer_session, tenant_session
from core.tables import metadata
from tests.marketplace import Marketplace

Admin = psycopg.Connection[tuple[Any, ...]]

# Rows of the installation or of a person, not of one marketplace; they have policies of their own.
OF_A_PERSON = {"password_resets", "recovery_codes", "user_sessions"}
WITHOUT_TENANT_COLUMN = {"tenants", "users", *OF_A_PERSON}


def test_every_table_is_under_forced_row_level_security_with_a_policy(admin_connection: Admin) -> None:
    rows = admin_connection.execute("""
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
               (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid), c.relispartition
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
    """).fetchall()
    assert {row[0] for row in rows} >= set(metadata.tables)
    assert [row[0] for row in rows if not (row[1] and row[2])] == []
    # A partition needs no policy of its own: without one it shows nothing to whoever reaches it directly.
    assert [row[0] for row in rows if row[3] == 0 and not row[4]] == []


def test_every_policy_checks_reading_and_writing(admin_connection: Admin) -> None:
    rows = admin_connection.execute(
        "SELECT tablename, cmd, qual, with_check, roles FROM pg_policies WHERE schemaname = 'public'"
    ).fetchall()
    for table, command, condition, check, roles in rows:
        assert (command, roles) == ("ALL", ["public"]), table
        assert "adrail.tenant_id" in condition, table
        assert condition == check, table


def test_every_tenant_table_has_a_tenant_column() -> None:
    missing = {name for name, table in metadata.tables.items() if "tenant_id" not in table.c}
    assert missing == WITHOUT_TENANT_COLUMN


def test_the_application_role_owns_nothing_and_bypasses_nothing(admin_connection: Admin) -> None:
    row = admin_connection.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s", [APP]
    ).fetchone()
    assert row == (False, False, False, False)
    owned = admin_connection.execute(
        "SELECT relname FROM pg_class WHERE relowner = %s::regrole UNION ALL "
        "SELECT proname FROM pg_proc WHERE proowner = %s::regrole",
        [APP, APP],
    ).fetchall()
    assert owned == []
    memberships = admin_connection.execute(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", [APP]
    ).fetchall()
    assert memberships == []


def test_the_application_role_has_no_right_on_any_partition(admin_connection: Admin) -> None:
    partitions = [
        str(name)
        for (name,) in admin_connection.execute(
            "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'tx_events'::regclass"
        )
    ]
    assert len(partitions) == 8
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    granted = [
        (name, right)
        for name in partitions
        for right in rights
        if admin_connection.execute("SELECT has_table_privilege(%s, %s, %s)", [APP, name, right]).fetchone() != (False,)
    ]
    assert granted == []


@pytest.mark.parametrize("table", ["audit_log", "consent_ledger", "tracking_code_history"])
def test_what_proves_the_past_cannot_be_rewritten(database: str, marketplace: Marketplace, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id", f"TRUNCATE {table}"):
        with pytest.raises(DBAPIError, match="permission denied"), tenant_session(marketplace.tenant_id) as session:
            session.execute(text(statement))


@pytest.mark.parametrize("table", ["tenants", "users", "data_keys"])
def test_the_application_cannot_make_itself_tenants_users_or_keys(
    database: str, marketplace: Marketplace, table: str
) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), tenant_session(marketplace.tenant_id) as session:
        session.execute(text(f"DELETE FROM {table}"))
    with pytest.raises(DBAPIError, match="permission denied"), tenant_session(marketplace.tenant_id) as session:
        session.execute(text(f"INSERT INTO {table} DEFAULT VALUES"))


def test_without_tenant_nothing_is_seen_and_nothing_raises(database: str, marketplace: Marketplace) -> None:
    with anonymous_session() as session:
        for name in metadata.tables:
            seen = session.scalar(text(f"SELECT count(*) FROM {name}"))
            # The installation's own data key belongs to nobody's rows.
            assert seen == (1 if name == "data_keys" else 0), name


def test_a_pooled_connection_forgets_its_tenant(database: str, marketplace: Marketplace) -> None:
    engine(APP).dispose()
    with tenant_session(marketplace.tenant_id) as session:
        backend = session.scalar(text("SELECT pg_backend_pid()"))
        assert session.scalar(text("SELECT count(*) FROM organizers")) == 2
    with anonymous_session() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) == backend
        assert session.scalar(text("SELECT current_setting('adrail.tenant_id', true)")) == ""
        assert session.scalar(text("SELECT count(*) FROM organizers")) == 0


def test_a_failed_transaction_leaves_no_tenant_behind(database: str, marketplace: Marketplace) -> None:
    engine(APP).dispose()
    with pytest.raises(DBAPIError), tenant_session(marketplace.tenant_id) as session:
        session.execute(text("SELECT 1 / 0"))
    with anonymous_session() as session:
        assert session.scalar(text("SELECT count(*) FROM organizers")) == 0


def test_every_table_shows_the_tenants_own_rows_only(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    for tenant_id in (marketplace.tenant_id, other_marketplace.tenant_id):
        with tenant_session(tenant_id) as session:
            assert session.scalars(text("SELECT id FROM tenants")).all() == [tenant_id]
            for name, table in metadata.tables.items():
                if "tenant_id" in table.c and name != "data_keys":
                    tenants = set(session.scalars(text(f"SELECT DISTINCT tenant_id FROM {name}")))
                    assert tenants <= {tenant_id}, name


def test_rows_of_another_tenant_can_be_neither_written_nor_changed(
    marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    mine, theirs = marketplace.tenant_id, other_marketplace.tenant_id
    with pytest.raises(DBAPIError, match="row-level security"), tenant_session(mine) as session:
        session.add(Venue(tenant_id=theirs, external_id="planted", name="x", city="x", country="RO"))
    with pytest.raises(DBAPIError, match="row-level security"), tenant_session(mine) as session:
        session.execute(text("UPDATE venues SET tenant_id = :theirs"), {"theirs": theirs})
    with tenant_session(mine) as session:
        changed = session.execute(text("UPDATE venues SET name = 'x' WHERE tenant_id = :t RETURNING 1"), {"t": theirs})
        assert changed.all() == []


def test_users_show_where_they_belong_only(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    user = marketplace.create_user(f"a@{marketplace.slug}.example", "a long enough password")
    query = text("SELECT id FROM users WHERE id = :user")
    with tenant_session(marketplace.tenant_id) as session:
        assert session.scalar(query, {"user": user}) == user
    with tenant_session(other_marketplace.tenant_id) as session:
        assert session.scalar(query, {"user": user}) is None


def test_the_maintainer_looks_across_tenants(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    with maintainer_session() as session:
        assert set(session.scalars(text("SELECT tenant_id FROM organizers"))) >= {
            marketplace.tenant_id,
            other_marketplace.tenant_id,
        }


def test_definer_functions_ignore_a_callers_temporary_tables(database: str, marketplace: Marketplace) -> None:
    with anonymous_session() as session:
        session.execute(text("CREATE TEMP TABLE sites (tenant_id bigint)"))
        session.execute(text("CREATE TEMP VIEW tenants AS SELECT 1 AS id"))
        row = session.execute(text("SELECT * FROM adrail_find_site(:key)"), {"key": marketplace.write_key}).one()
        assert row.tenant_id == marketplace.tenant_id
        session.rollback()


def test_definer_functions_are_for_the_application_alone_and_pin_their_path(admin_connection: Admin) -> None:
    rows = admin_connection.execute(
        "SELECT proname, proconfig, proacl::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    ).fetchall()
    assert len(rows) >= 9
    for name, config, rights in rows:
        assert config == ["search_path=public, pg_temp"], name
        assert "=X/" not in rights.replace("adrail_app=X/", "").replace("adrail_maintainer=X/", "").replace(
            "adrail_owner=X/", ""
        ), name


@pytest.mark.parametrize("role", [APP, MAINTAINER, OWNER])
def test_every_role_acts_as_itself_with_time_limits(database: str, role: str) -> None:
    with engine(role).connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == role
        assert connection.scalar(text("SHOW statement_timeout")) == "15s"
        assert connection.scalar(text("SHOW lock_timeout")) == "5s"
        assert connection.scalar(text("SHOW timezone")) == "UTC"


def test_the_database_has_the_models_tables_and_no_others(admin_connection: Admin) -> None:
    with engine(MAINTAINER).connect() as connection:
        found = set(inspect(connection).get_table_names())
    assert {name for name in found if not name.startswith("tx_events_p")} == {*metadata.tables, "alembic_version"}
