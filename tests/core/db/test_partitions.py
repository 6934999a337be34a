"""Monthly partitions: kept ready around today, made for what is older, by several processes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.db.partitions import ensure_partitions, make_room_for
from core.db.session import APP, MAINTAINER, engine
from core.events.jobs import make_partitions

Admin = psycopg.Connection[tuple[Any, ...]]


def partitions(admin: Admin) -> set[str]:
    """Names of the event table's partitions."""
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tx_events'::regclass"
    return {str(name) for (name,) in admin.execute(query)}


def test_the_months_around_today_are_ready(admin_connection: Admin) -> None:
    now = datetime.now(UTC).date()
    found = partitions(admin_connection)
    months = [(now.year * 12 + now.month - 1 + offset) for offset in range(-4, 4)]
    assert found >= {f"tx_events_p{number // 12}{number % 12 + 1:02}" for number in months}


def test_the_months_over_a_new_year_are_made_once(admin_connection: Admin) -> None:
    wanted = {f"tx_events_p{month}" for month in (*range(203108, 203113), *range(203201, 203204))}
    assert wanted & partitions(admin_connection) == set()
    for _ in range(2):
        with engine(MAINTAINER).begin() as connection:
            ensure_partitions(connection, date(2031, 12, 31))
        assert wanted <= partitions(admin_connection)


def test_an_old_moment_gets_a_place_in_its_utc_month(admin_connection: Admin) -> None:
    make_room_for(datetime.fromisoformat("2019-02-01T01:30:00+02:00"))
    assert {name for name in partitions(admin_connection) if "p2019" in name} == {"tx_events_p201901"}


def test_many_processes_may_make_the_same_partition(admin_connection: Admin) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make_room_for, [datetime(2018, 5, 5, tzinfo=UTC)] * 8))
    assert "tx_events_p201805" in partitions(admin_connection)


def test_the_scheduled_job_makes_what_is_missing(admin_connection: Admin) -> None:
    newest = max(name for name in partitions(admin_connection) if name < "tx_events_p2030")
    admin_connection.execute(f"DROP TABLE {newest}")
    make_partitions()
    assert newest in partitions(admin_connection)


def test_a_new_partition_is_hidden_from_the_application(admin_connection: Admin) -> None:
    make_room_for(datetime(2017, 1, 1, tzinfo=UTC))
    with engine(APP).connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("SELECT 1 FROM tx_events_p201701"))
