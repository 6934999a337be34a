"""Whole starts in a process of their own: one per data directory, no orphan after `kill -9`, root and not root."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import psycopg
import redis

from core.embedded.child import wait_until
from tests.core.embedded.support import (
    DEADLINE,
    OtherProcess,
    are_gone,
    open_folder,
    other_process,
    start_other,
    without_root,
)


def _leave_traces(other: OtherProcess) -> str:
    """Write a row and a key; return their common, unique name."""
    name = f"kept_{uuid4().hex}"
    with psycopg.connect(str(other.report["database_url"])) as connection:
        connection.execute(f"CREATE TABLE {name} AS SELECT 5 AS n".encode())
    with redis.Redis.from_url(str(other.report["redis_url"])) as client:
        client.set(name, "5")
    return name


def _traces(other: OtherProcess, name: str) -> tuple[object, object]:
    with psycopg.connect(str(other.report["database_url"])) as connection:
        row = connection.execute(f"SELECT n FROM {name}".encode()).fetchone()
    with redis.Redis.from_url(str(other.report["redis_url"]), decode_responses=True) as client:
        return row, client.get(name)


def test_a_second_start_names_directory_and_process(data_dir: Path) -> None:
    with other_process(data_dir) as first, other_process(data_dir) as second:
        message = str(second.report["error"])
        assert f"the data directory {data_dir} is in use" in message
        assert f"process {first.process.pid}" in message
        assert not are_gone(first.pids(), within=0)


def test_sigterm_stops_everything_in_order(data_dir: Path) -> None:
    with other_process(data_dir) as other:
        other.process.terminate()
        assert other.process.wait(DEADLINE) == 0
        assert are_gone(other.pids(), within=0)
    assert "database system is shut down" in (data_dir / "logs" / "postgres.log").read_text()


def test_kill_9_leaves_no_orphan_and_the_next_start_has_the_data(data_dir: Path) -> None:
    with other_process(data_dir) as killed:
        name = _leave_traces(killed)
        killed.process.kill()
        assert are_gone(killed.pids())
    with other_process(data_dir) as again:
        assert _traces(again, name) == ((5,), "5")


def test_kill_9_during_the_first_start_does_no_harm(empty_dir: Path) -> None:
    killed = start_other(empty_dir)
    assert wait_until(lambda: any(empty_dir.glob("postgres.new-*/base")), DEADLINE)
    killed.kill()
    killed.communicate()
    with other_process(empty_dir) as again:
        assert "error" not in again.report
        assert not list(empty_dir.glob("postgres.new-*"))


def test_servers_that_outlived_their_supervisor_are_stopped_and_replaced(data_dir: Path) -> None:
    with other_process(data_dir, "--outlived") as killed:
        name = _leave_traces(killed)
        killed.process.kill()
        killed.process.wait(DEADLINE)
    orphans = killed.pids()[:2]
    assert not are_gone(orphans, within=0)
    with other_process(data_dir) as again:
        assert _traces(again, name) == ((5,), "5")
        assert are_gone(orphans, within=0)


def test_an_ordinary_user_runs_the_installed_programs_in_place() -> None:
    with open_folder() as folder:
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
        with other_process(folder, prefix=without_root()) as other:
            assert other.report["uid"] != 0
            assert not str(other.report["postgres"]).startswith(str(folder))
            name = _leave_traces(other)
            assert _traces(other, name) == ((5,), "5")
            other.process.terminate()
            assert other.process.wait(DEADLINE) == 0
            assert are_gone(other.pids(), within=0)
