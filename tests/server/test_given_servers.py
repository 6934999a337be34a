"""Servers that an operator already has: the parts run singly against them, and so does `adrail up`."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
import requests

from core.embedded.postgres import EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey
from tests.core.embedded.support import open_folder
from tests.installation import Installation
from tests.platform_records import conversions
from tests.process_state import use_environment
from tests.server.machine import all_gone, below
from tests.server.operations.selling import Backend
from tests.waiting import until

PROCESSES = ("web", "ingest", "relay", "worker", "cron")


@dataclass(frozen=True, slots=True)
class Given:
    """Addresses of servers that are there before adrail is."""

    database_url: str
    redis_url: str

    def environment(self, **more: str) -> dict[str, str]:
        """What an operator sets for every process."""
        keys = {"ADRAIL_MASTER_KEYS": os.environ["ADRAIL_MASTER_KEYS"]}
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url, **keys, **more}


@pytest.fixture(scope="module")
def given() -> Iterator[Given]:
    """A PostgreSQL and a Valkey on which adrail was never seen."""
    with open_folder() as folder, EmbeddedPostgres(folder) as postgres, EmbeddedValkey(folder) as valkey:
        yield Given(postgres.superuser_url, valkey.url())


def adrail(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a web server answers 200."""
    try:
        return requests.get(url, timeout=30).status_code == 200
    except requests.ConnectionError:
        return False


@contextmanager
def running(folder: Path, *parts: tuple[str, ...]) -> Iterator[None]:
    """Run some parts until the block is left; then every one must end by itself when told to."""
    processes = {arguments[0]: start(folder, *arguments) for arguments in parts}
    try:
        yield
        ended = [name for name, process in processes.items() if process.poll() is not None]
        assert not ended, f"{ended} ended by themselves:\n{said(folder)}"
        family = set().union(*(below(process.pid) for process in processes.values()))
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {name: process.wait(100) for name, process in processes.items()}
        assert set(codes.values()) == {0}, f"{codes}\n{said(folder)}"
        all_gone(family)
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    assert "Traceback" not in said(folder)


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a part; what it says goes to a file."""
    with (folder / f"{arguments[0]}.log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "server", *arguments], stdout=log, stderr=subprocess.STDOUT)


def said(folder: Path) -> str:
    """Everything that the parts said."""
    return "\n".join(path.read_text("utf-8", errors="replace") for path in sorted(folder.glob("*.log")))


def test_a_login_that_may_not_create_roles_is_told_what_to_run(given: Given) -> None:
    with psycopg.connect(given.database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE ordinary LOGIN PASSWORD 'pw'")
    ordinary = re.sub("//[^@]+@", "//ordinary:pw@", given.database_url)
    refused = adrail("migrate", **given.environment(DATABASE_URL=ordinary))
    assert refused.returncode == 1
    for statement in (
        "CREATE ROLE adrail_owner NOLOGIN;",
        "CREATE ROLE adrail_app NOLOGIN;",
        "CREATE ROLE adrail_maintainer NOLOGIN BYPASSRLS;",
        "GRANT adrail_app TO ordinary;",
    ):
        assert statement in refused.stderr
    assert "Ask an administrator" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_parts_run_singly(given: Given, tmp_path: Path) -> None:
    web, sandbox = free_port(), free_port()
    environment = given.environment(
        ADRAIL_PORT=str(web),
        ADRAIL_BASE_URL=f"http://127.0.0.1:{web}",
        ADRAIL_SANDBOX_URL=f"http://127.0.0.1:{sandbox}",
        ADRAIL_WEB_PROCESSES="1",
    )
    with use_environment(**environment):
        migrated = adrail("migrate")
        assert (migrated.returncode, migrated.stdout) == (0, "the database is up to date\n"), migrated.stderr
        seeded = adrail("demo", "seed")
        assert seeded.returncode == 0, seeded.stderr
        credentials = dict(re.findall(r"^(\w+) {2,}(\S+)$", seeded.stdout, re.MULTILINE))
        with running(tmp_path, ("sandbox", "--port", str(sandbox)), *((name,) for name in PROCESSES)):
            until(lambda: answers(f"http://127.0.0.1:{web}/readyz"), what="the web server")
            facts = {**credentials, "base_url": f"http://127.0.0.1:{web}"}
            order = Backend(facts, "single").sell()
            until(lambda: len(received(f"http://127.0.0.1:{sandbox}", order)) == 2, what="the conversions")


def received(sandbox_url: str, order: str) -> list[object]:
    """An order's conversions at the platforms; none while the sandbox is not there yet."""
    try:
        sent = conversions(sandbox_url)
    except requests.ConnectionError:
        return []
    return [item for item in sent if item["custom_data"].get("order_id") == order]


def test_up_uses_given_servers_and_leaves_them_running(given: Given) -> None:
    with Installation("--demo", "--sandbox", **given.environment()) as installation:
        facts = installation.facts
        assert (facts["database_url"], facts["redis_url"]) == (given.database_url, given.redis_url)
        assert not (installation.data_dir / "postgres").exists()
        assert not (installation.data_dir / "valkey").exists()
        # The marketplace was seeded by somebody else, whose credentials this directory does not know.
        order = Backend(facts, "given").sell()
        until(lambda: len(received(str(facts["sandbox_url"]), order)) == 2, what="the conversions")
        session = requests.Session()
        form = session.get(f"{facts['base_url']}/sign-in", timeout=30).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        assert token
        data = {"csrf_token": token[1], "email": facts["admin_email"], "password": facts["admin_password"]}
        signed_in = session.post(f"{facts['base_url']}/sign-in", data=data, allow_redirects=False, timeout=30)
        assert signed_in.status_code == 302
    assert installation.process is not None
    assert installation.process.returncode == 0
    with psycopg.connect(given.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


@contextmanager
def forgetful(redis_url: str) -> Iterator[None]:
    """The given Valkey without its append-only file."""
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("appendonly", "no")
        try:
            yield
        finally:
            client.config_set("appendonly", "yes")
            # It does not stop while it writes its first file.
            until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], what="the new append-only file")


def test_nothing_starts_on_a_valkey_that_would_forget(given: Given) -> None:
    with open_folder() as folder, forgetful(given.redis_url):
        up = adrail("up", "--port", "0", "--data-dir", str(folder / "data"), **given.environment())
        ingest = adrail("ingest", **given.environment(ADRAIL_SECRET_KEY="x" * 40))
    for refused in (up, ingest):
        assert refused.returncode == 1
        assert "keeps no append-only file" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_up_says_when_the_database_was_sealed_with_other_master_keys(given: Given) -> None:
    key = base64.b64encode(bytes(32)).decode()
    for keys, said in ((f"test:{key}", "another key had this name"), (f"new:{key}", "'test' is not configured")):
        with open_folder() as folder:
            environment = given.environment(ADRAIL_MASTER_KEYS=keys)
            refused = adrail("up", "--port", "0", "--data-dir", str(folder / "data"), **environment)
        assert refused.returncode == 1
        assert said in refused.stderr
        assert "ADRAIL_MASTER_KEYS" in refused.stderr
        assert "Traceback" not in refused.stderr
