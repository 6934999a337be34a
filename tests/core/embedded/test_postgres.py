"""The embedded PostgreSQL keeps data over stops and crashes, and says clearly why it does not start."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import psycopg
import pytest

from core.embedded.child import children_of, wait_until
from core.embedded.errors import DataDirError, DataDirInUseError, EmbeddedServerError
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.processes import ProcessGroup
from core.embedded.valkey import EmbeddedValkey
from tests.core.embedded.support import DEADLINE, are_gone


def _execute(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def _value(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.superuser_url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_the_first_start_initialises_and_the_next_finds_what_was_kept(empty_dir: Path) -> None:
    with EmbeddedPostgres(empty_dir) as server:
        _execute(server, "CREATE TABLE kept AS SELECT 7 AS n")
    with EmbeddedPostgres(empty_dir) as server:
        assert _value(server, "SELECT n FROM kept") == 7


def test_settings_are_the_ones_promised(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        names = ("server_encoding", "data_checksums", "jit", "TimeZone", "listen_addresses", "password_encryption")
        found = [_value(server, f"SHOW {name}") for name in names]
        assert found == ["UTF8", "on", "off", "UTC", "127.0.0.1", "scram-sha-256"]
        assert _value(server, "SELECT datlocale FROM pg_database WHERE datname = 'adrail'") == "C.UTF-8"
        assert _value(server, "SELECT lower('ȘTEFAN')") == "ștefan"


def test_stop_leaves_no_process_and_a_restart_keeps_port_password_and_data(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    pid, url = server.pid, server.superuser_url
    _execute(server, "CREATE TABLE kept_by_stop AS SELECT 1 AS n")
    server.stop()
    assert pid is not None
    assert are_gone([pid], within=0)
    with EmbeddedPostgres(data_dir) as again:
        assert again.superuser_url == url
        assert _value(again, "SELECT n FROM kept_by_stop") == 1


def test_committed_rows_survive_kill_9(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    _execute(server, "CREATE TABLE kept_by_crash (n int)")
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        for n in range(200):
            connection.execute("INSERT INTO kept_by_crash VALUES (%s)", [n])
        _kill(server.pid)
    assert wait_until(lambda: not server.alive(), DEADLINE)
    server.start()
    assert _value(server, "SELECT count(*) FROM kept_by_crash") == 200
    server.stop()


def test_a_foreign_process_that_inherited_the_pid_is_neither_mistaken_nor_hurt(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    server.start()
    _kill(server.pid)
    assert wait_until(lambda: not server.alive(), DEADLINE)
    with EmbeddedValkey(data_dir) as foreign:
        pid_file = server.data_dir.postgres / "postmaster.pid"
        rest = pid_file.read_text().partition("\n")[2]
        pid_file.write_text(f"{foreign.pid}\n{rest}")
        server.start()
        assert _value(server, "SELECT 1") == 1
        assert foreign.alive()
        server.stop()


def test_the_port_of_last_time_is_given_up_when_another_program_has_it(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        before = server.port
    with socket.create_server(("127.0.0.1", before)), EmbeddedPostgres(data_dir) as server:
        assert server.port != before
        assert _value(server, "SELECT 1") == 1


def test_a_wanted_port_that_is_taken_is_refused_by_name(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmbeddedServerError, match=f"port {port} for postgres is in use"):
            EmbeddedPostgres(data_dir, port=port).start()


def test_a_wrong_local_setting_is_quoted_from_the_log(data_dir: Path) -> None:
    (data_dir / "config" / "postgresql.local.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(EmbeddedServerError, match=r'(?s)postgres\.log.*invalid value for parameter "shared_buffers"'):
        EmbeddedPostgres(data_dir).start()


def test_a_failed_start_can_be_tried_again(data_dir: Path) -> None:
    local = data_dir / "config" / "postgresql.local.conf"
    local.write_text("shared_buffers = 'plenty'\n")
    server = EmbeddedPostgres(data_dir)
    with pytest.raises(EmbeddedServerError):
        server.start()
    local.unlink()
    server.start()
    assert server.alive()
    server.stop()


def test_a_second_start_in_the_same_process_is_refused(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as first:
        with pytest.raises(DataDirInUseError, match=f"{data_dir} already runs in this process, {os.getpid()}"):
            EmbeddedPostgres(data_dir).start()
        assert first.alive()


def test_lost_or_foreign_passwords_are_named(data_dir: Path) -> None:
    secrets = data_dir / "secrets.json"
    kept = secrets.read_text()
    secrets.unlink()
    with pytest.raises(DataDirError, match=r"Restore secrets\.json"):
        EmbeddedPostgres(data_dir).start()
    secrets.write_text('{"postgres.adrail": "not-the-one"}')
    with pytest.raises(DataDirError, match="does not accept the password"):
        EmbeddedPostgres(data_dir).start()
    secrets.write_text(kept)
    with EmbeddedPostgres(data_dir) as server:
        assert server.alive()


def test_a_cluster_of_another_major_version_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(DataDirError, match=r"made by PostgreSQL 17, the installed one is 18.*pg_dump"):
        EmbeddedPostgres(data_dir).start()


def test_passwords_are_asked_for_and_kept_from_other_users(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        wrong = server.superuser_url.replace(server.password(), "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        assert (data_dir / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_refused_rows_do_not_reach_the_log(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        _execute(server, "CREATE TABLE person (email text UNIQUE)")
        _execute(server, "INSERT INTO person VALUES ('ana@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            _execute(server, "INSERT INTO person VALUES ('ana@example.org')")
        log = server.log.read_text()
    assert "duplicate key" in log
    assert "ana@example.org" not in log


def _part(server: EmbeddedPostgres, title: str) -> int | None:
    """The process of the server whose title begins so."""
    with psycopg.connect(server.superuser_url) as connection:
        row = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = %s", [title]).fetchone()
    return row[0] if row else None


def _startup_process(server: EmbeddedPostgres) -> int | None:
    found = [pid for pid, line in children_of(server.pid or 0).items() if line.startswith("postgres: startup")]
    return found[0] if found else None


def _lose_recovery(server: EmbeddedPostgres) -> None:
    """Kill one process of the server, and then the one that would mend that."""
    for _ in range(20):
        _kill(_part(server, "walwriter"))
        found: list[int] = []

        def recovering(found: list[int] = found) -> bool:
            found += filter(None, [_startup_process(server)])
            return bool(found) or _answers(server)

        assert wait_until(recovering, DEADLINE, interval=0)
        if found:
            _kill(found[0])
            if not wait_until(lambda: _answers(server), 1):
                return
    raise AssertionError("recovery was always faster")


def _answers(server: EmbeddedPostgres) -> bool:
    try:
        return _value(server, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def test_a_server_whose_recovery_was_killed_is_ended_and_started_again(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, patience=0.5)
    with server, ProcessGroup() as group:
        _execute(server, "CREATE TABLE kept_by_tending AS SELECT 3 AS n")
        group.watch(server)
        first = server.pid
        _lose_recovery(server)
        assert wait_until(lambda: group.wait(0.02) is None and _answers(server), 60)
        assert server.pid != first
        assert _value(server, "SELECT n FROM kept_by_tending") == 3
