"""Every check says fail or warn when what it looks at is wrong, and all is well on a running installation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from core.connections.api import list_connections
from core.db.session import maintainer_session, tenant_session
from core.schedules import ensure_schedules
from core.security.crypto import new_master_key
from core.valkey import client as valkey
from core.valkey import stream_name
from server.doctor import database as databases
from server.doctor import edge, examination, secrets, stream, work
from server.doctor.findings import Check, State
from tests.marketplace import Marketplace
from tests.process_state import use_environment
from tests.server.operations.running import adrail, said
from tests.waiting import until
from tracking.ingest.entries import DEAD_STREAM

POLICY = (
    "CREATE POLICY tenant_isolation ON venues"
    " USING (tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint)"
)
OK, WARN, FAIL = State.OK, State.WARN, State.FAIL


def states(check: Check) -> dict[str, State]:
    """Check name → state."""
    return {item.check: item.state for item in check()}


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A superuser's connection."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:1/none"), ("REDIS_URL", "redis://127.0.0.1:1/0")],
)
def test_a_server_that_is_away_is_told_once_and_what_needs_it_is_left_out(
    database: str, variable: str, value: str
) -> None:
    with use_environment(**{variable: value}):
        found = list(examination.examine())

    away = "database" if variable == "DATABASE_URL" else "valkey"
    (broken,) = (item for item in found if item.check.startswith(away))
    assert broken.state is FAIL
    assert variable in broken.remedy
    assert not {item.check for item in found} & {"outbox", "master keys", f"clock of {away}", f"clock of the {away}"}


def test_wrong_settings_end_the_examination(database: str) -> None:
    with use_environment(ADRAIL_PORT="a lot"):
        (found,) = examination.examine()

    assert found.state is FAIL
    assert "ADRAIL_PORT" in found.says


def test_pending_migrations_are_named(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    row = admin.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    admin.execute("UPDATE alembic_version SET version_num = '0001_tables'")
    try:
        (found,) = databases.migrations()
    finally:
        admin.execute("UPDATE alembic_version SET version_num = %s", [row[0]])

    assert found.state is FAIL
    assert "0002_row_level_security" in found.says
    assert states(databases.migrations) == {"migrations": OK}


@pytest.mark.parametrize(
    ("damage", "repair", "named"),
    [
        ("ALTER TABLE orders NO FORCE ROW LEVEL SECURITY", "ALTER TABLE orders FORCE ROW LEVEL SECURITY", "orders"),
        ("DROP POLICY tenant_isolation ON venues", POLICY, "venues"),
        (
            f"GRANT SELECT ON tx_events_p{date.today():%Y%m} TO adrail_app",  # noqa: DTZ011 - partitions are UTC months
            f"REVOKE ALL ON tx_events_p{date.today():%Y%m} FROM adrail_app",  # noqa: DTZ011
            "partitions directly",
        ),
    ],
)
def test_a_hole_between_tenants_is_found(
    admin: psycopg.Connection[tuple[object, ...]], damage: str, repair: str, named: str
) -> None:
    admin.execute(damage.encode())
    try:
        (found,) = databases.row_level_security()
    finally:
        admin.execute(repair.encode())

    assert found.state is FAIL
    assert named in found.says
    assert states(databases.row_level_security) == {"tenant isolation": OK}


def test_partitions_that_are_missing_soon_fail_and_later_warn(database: str) -> None:
    today = datetime.now(UTC).date()

    seen = [next(iter(databases.partitions(day))).state for day in _months(today, 0, 2, 9)]

    assert seen == [OK, WARN, FAIL]


def _months(today: date, *ahead: int) -> list[date]:
    first = today.year * 12 + today.month - 1
    return [date((first + number) // 12, (first + number) % 12 + 1, 1) for number in ahead]


def test_a_superuser_login_is_pointed_out(database: str) -> None:
    assert states(databases.roles) == {"roles": OK, "logins": WARN}


def test_connections_in_use_are_counted(database: str) -> None:
    assert states(databases.connections)["database connections"] is OK


def test_clocks_that_differ_are_found(database: str) -> None:
    for check in (stream.clocks, work.clocks):
        seen = [next(iter(check(ahead))).state for ahead in (_ahead(0), _ahead(2), _ahead(60))]
        assert seen == [OK, WARN, FAIL]


def _ahead(seconds: float) -> Callable[[], float]:
    return lambda: time.time() + seconds


def test_events_that_nobody_stores_are_found(database: str) -> None:
    valkey().flushdb()
    assert states(stream.readers) == {"ingest": FAIL}
    long_ago = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
    valkey().xadd(stream_name(0), {"h": "x"}, id=f"{long_ago}-0")
    valkey().xadd(DEAD_STREAM, {"h": "x"})

    with use_environment(ADRAIL_STREAM_MAX_ENTRIES="100"):
        for _ in range(30):
            valkey().xadd(stream_name(0), {"h": "x"})
        found = states(stream.backlog)

    assert found == {"waiting events": WARN, "oldest waiting event": FAIL}
    assert states(stream.set_aside) == {"events set aside": WARN}
    valkey().flushdb()
    assert states(stream.backlog) == {"waiting events": OK, "oldest waiting event": OK}


def test_schedules_that_nobody_follows_are_found(database: str) -> None:
    assert states(work.schedules) == {"cron": FAIL}
    ensure_schedules()

    with maintainer_session() as session:
        due = session.scalar(text("SELECT min(next_run_at) FROM schedules"))
    assert due is not None

    seen = [next(iter(work.schedules(due + timedelta(minutes=late)))).state for late in (0, 3, 6)]

    assert seen == [OK, WARN, FAIL]


def test_an_outbox_that_nobody_empties_is_found(marketplace: Marketplace) -> None:
    assert states(work.outbox) == {"outbox": OK}
    with tenant_session(marketplace.tenant_id) as session:
        session.execute(
            text(
                "INSERT INTO event_outbox (tenant_id, topic, payload, created_at)"
                " VALUES (:tenant, 'config_changed', '{}', now() - interval '1 minute')"
            ),
            {"tenant": marketplace.tenant_id},
        )

    assert states(work.outbox) == {"outbox": WARN}
    with maintainer_session() as session:
        session.execute(text("UPDATE event_outbox SET created_at = now() - interval '1 hour'"))
    assert states(work.outbox) == {"outbox": FAIL}
    with maintainer_session() as session:
        session.execute(text("DELETE FROM event_outbox"))


def test_accounts_that_need_a_token_are_named(marketplace: Marketplace) -> None:
    marketplace.add_code("meta", "own", "111111111111111")
    (connection,) = list_connections(marketplace.staff).items
    assert states(work.connections) == {"connections": OK}

    with tenant_session(marketplace.tenant_id) as session:
        session.execute(text("UPDATE connections SET state = 'needs_reconnect'"))
    (found,) = work.connections()

    assert found.state is WARN
    assert f"meta 111111111111111 (connection {connection.id})" in found.says


def test_keys_that_are_needed_or_missing_are_found(marketplace: Marketplace) -> None:
    present = os.environ["ADRAIL_MASTER_KEYS"]
    fresh = new_master_key()
    assert states(secrets.keys) == {"master keys": OK}

    with use_environment(ADRAIL_MASTER_KEYS=f"{fresh},{present}"):
        assert states(secrets.keys) == {"master keys": WARN}
    with use_environment(ADRAIL_MASTER_KEYS=fresh):
        assert states(secrets.keys) == {"master keys": FAIL, "sealed data": FAIL}
    with use_environment(ADRAIL_MASTER_KEYS=f"test:{fresh.partition(':')[2]}"):
        assert states(secrets.keys) == {"sealed data": FAIL}


def test_a_web_server_that_is_away_or_not_ready_is_told(database: str) -> None:
    with use_environment(ADRAIL_BASE_URL="http://127.0.0.1:1"):
        assert states(edge.ready) == {"web": WARN}
        assert states(lambda: edge.probe("nobody")) == {"probe": WARN}


def test_a_killed_worker_counts_no_more(database: str, tmp_path: Path) -> None:
    valkey().flushdb()
    assert states(work.workers)["workers"] is FAIL
    with (tmp_path / "worker.log").open("wb") as log:
        command = [sys.executable, "-m", "server", "worker"]
        worker = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: states(work.workers)["workers"] is OK, what=f"a worker at work ({said(tmp_path)})")
    finally:
        os.killpg(worker.pid, signal.SIGKILL)  # with its timer process, as supervisors do
        worker.wait()

    until(lambda: states(work.workers)["workers"] is FAIL, what="the killed worker missed")


def test_a_broken_installation_ends_with_exit_code_1_and_says_what_to_do(database: str) -> None:
    valkey().flushdb()

    done = adrail("doctor")

    assert done.returncode == 1
    assert "fail  ingest" in done.stdout
    assert "→ Start `adrail ingest`." in done.stdout
    assert done.stderr == ""
