"""PostgreSQL and Valkey for one test run: given ones, or embedded ones in a throwaway directory."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from core.embedded.paths import open_data_dir
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey

TEMPLATE = "adrail_template"
DATABASE_VARIABLE, VALKEY_VARIABLE = "ADRAIL_TEST_DATABASE_URL", "ADRAIL_TEST_REDIS_URL"

# A test run may lose everything at a power cut; it must not wait for the disk.
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


class TestServers:
    """The servers of this run; addresses are handed to worker processes through the environment."""

    __test__ = False

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None

    def start(self) -> None:
        """Start what is not given, and make the migrated template database."""
        if DATABASE_VARIABLE not in os.environ or VALKEY_VARIABLE not in os.environ:
            self._folder = Path(tempfile.mkdtemp(prefix="adrail-test-"))
            self._folder.chmod(0o755)
            data_dir = open_data_dir(self._folder)
            data_dir.config.mkdir(exist_ok=True)
            (data_dir.config / "postgresql.local.conf").write_text(FAST)
            self._postgres = EmbeddedPostgres(self._folder)
            self._valkey = EmbeddedValkey(self._folder, appendfsync="everysec")
            self._postgres.start()
            self._valkey.start()
            os.environ[DATABASE_VARIABLE] = self._postgres.superuser_url
            os.environ[VALKEY_VARIABLE] = self._valkey.url()
        os.environ["ADRAIL_MASTER_KEYS"] = "test:" + base64.b64encode(secrets.token_bytes(32)).decode()
        os.environ["ADRAIL_SECRET_KEY"] = secrets.token_urlsafe(40)
        create_database(TEMPLATE, template=None)
        migrate_template()

    def stop(self) -> None:
        """Stop what was started; leave nothing behind."""
        for server in (self._valkey, self._postgres):
            if server is not None:
                server.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def database_url(name: str) -> str:
    """The URL of a database on the test server."""
    return make_url(os.environ[DATABASE_VARIABLE]).set(database=name).render_as_string(hide_password=False)


def valkey_url(number: int) -> str:
    """The URL of a numbered database on the test Valkey."""
    return make_url(os.environ[VALKEY_VARIABLE]).set(database=str(number)).render_as_string(hide_password=False)


def create_database(name: str, template: str | None = TEMPLATE) -> None:
    """Make a database anew, as a copy of the template."""
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        copy = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
        connection.execute(f'CREATE DATABASE "{name}"{copy}')


def drop_database(name: str) -> None:
    """Remove a database."""
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def migrate_template() -> None:
    """Bring the template to the newest schema."""
    from core.accounts.api import ensure_installation_key
    from core.db.migrate import upgrade
    from tests.process_state import use_environment

    with use_environment(DATABASE_URL=database_url(TEMPLATE), REDIS_URL=valkey_url(0)):
        upgrade()
        ensure_installation_key()
