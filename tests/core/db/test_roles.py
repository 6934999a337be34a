"""Roles: an ordinary login is told what an administrator must run, and that is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.config import settings
from core.db.migrate import pending_revisions, upgrade
from core.db.roles import RoleError
from core.db.session import APP, MAINTAINER, OWNER, engine, role_url, tenant_session
from tests.process_state import use_environment


@dataclass(frozen=True, slots=True)
class Login:
    """A login without privileges in an empty database; ``administrator`` is a superuser there."""

    name: str
    url: str
    administrator: str


@pytest.fixture
def login(empty_database: str, worker_number: int) -> Iterator[Login]:
    """A login that may connect and nothing else."""
    name = f"rail app {worker_number}"
    url = make_url(empty_database).set(username=name, password="pw").render_as_string(hide_password=False)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'pw'")
        with use_environment(DATABASE_URL=url):
            yield Login(name, url, empty_database)
        connection.execute(f'DROP OWNED BY "{name}"')
        connection.execute(f'DROP ROLE "{name}"')


def statements(error: RoleError) -> list[str]:
    """The SQL in the message."""
    return [line.strip() for line in str(error).splitlines() if line.strip().endswith(";")]


def test_a_login_without_rights_is_told_the_statements_and_they_suffice(login: Login) -> None:
    with pytest.raises(RoleError, match="Ask an administrator to run, in this database") as caught:
        upgrade()
    needed = statements(caught.value)
    assert f'GRANT {OWNER} TO "{login.name}";' in needed
    assert f"GRANT CREATE ON SCHEMA public TO {OWNER};" in needed
    assert login.url not in str(caught.value)
    with psycopg.connect(login.administrator, autocommit=True) as connection:
        for statement in needed:
            connection.execute(statement)
    upgrade()
    with engine(APP).connect() as connection:
        assert connection.scalar(text("SELECT session_user")) == login.name
        assert connection.scalar(text("SELECT current_user")) == APP
        assert pending_revisions(connection) == []
    with tenant_session(1) as session:
        assert session.scalar(text("SELECT count(*) FROM tenants")) == 0


def test_logins_of_their_own_need_no_membership_in_other_roles(login: Login) -> None:
    """The application's login must not become able to act as owner or maintainer."""
    with use_environment(
        ADRAIL_DATABASE_OWNER_URL=login.administrator, ADRAIL_DATABASE_MAINTAINER_URL=login.administrator
    ):
        upgrade()
        assert role_url(settings(), OWNER) == (login.administrator, OWNER)
        with engine(APP).connect() as connection:
            assert connection.scalar(text("SELECT session_user || ' as ' || current_user")) == f"{login.name} as {APP}"
            for role in (OWNER, MAINTAINER):
                query = text("SELECT pg_has_role(session_user, :role, 'MEMBER')")
                assert connection.scalar(query, {"role": role}) is False
