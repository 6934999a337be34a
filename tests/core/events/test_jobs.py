"""Housekeeping: what has outlived its retention goes, nothing else does."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from core.events.api import group_key
from core.events.jobs import KEPT, make_partitions, prune
from tests.marketplace import Marketplace

ROWS = {
    "tx_event_keys": "(tenant_id, trusted, event_id, received_at) VALUES (%(tenant)s, true, gen_random_uuid(), {time})",
    "tx_idempotency_keys": "(tenant_id, trusted, idempotency_key, event_id, received_at)"
    " VALUES (%(tenant)s, true, gen_random_uuid(), gen_random_uuid(), {time})",
    "tx_rejected_events": "(tenant_id, code, problems, sealed_event, received_at, created_at)"
    " VALUES (%(tenant)s, 'schema', '[]', '', now(), {time})",
    "idempotency_records": "(tenant_id, scope, key, request_hash, created_at)"
    " VALUES (%(tenant)s, 'x', gen_random_uuid(), '', {time})",
}
DAYS = {"tx_event_keys": 120, "tx_idempotency_keys": 120, "tx_rejected_events": 30, "idempotency_records": 2}


def test_every_table_with_a_retention_is_tried_here() -> None:
    assert KEPT.keys() == ROWS.keys() == DAYS.keys()
    assert {table: age.days for table, (_, age) in KEPT.items()} == DAYS


@pytest.mark.parametrize("table", sorted(ROWS))
def test_rows_go_when_their_time_is_over_and_not_before(
    marketplace: Marketplace, admin_connection: psycopg.Connection[Any], table: str
) -> None:
    for age in (f"{DAYS[table]} days 1 minute", f"{DAYS[table]} days 2 hours", f"{DAYS[table] - 1} days 23 hours", "0"):
        values = ROWS[table].replace("{time}", f"now() - interval '{age}'")
        statement = f"INSERT INTO {table} {values}"
        admin_connection.execute(statement.encode(), {"tenant": marketplace.tenant_id})
    prune()
    left = admin_connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert left == (2,)
    prune()
    assert admin_connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (2,)


def test_partitions_are_made_by_the_role_that_may(database: str, admin_connection: psycopg.Connection[Any]) -> None:
    names = "SELECT relname FROM pg_class WHERE relname ~ '^tx_events_p[0-9]{6}$' ORDER BY relname"
    before = admin_connection.execute(names).fetchall()
    admin_connection.execute(f"DROP TABLE {before[-1][0]}".encode())
    make_partitions()
    assert admin_connection.execute(names).fetchall() == before


def test_refused_events_of_an_older_version_get_their_group(
    marketplace: Marketplace, admin_connection: psycopg.Connection[Any]
) -> None:
    statement = f"INSERT INTO tx_rejected_events {ROWS['tx_rejected_events'].replace('{time}', 'now()')}"
    admin_connection.execute(statement.encode(), {"tenant": marketplace.tenant_id})
    prune()
    query = "SELECT group_key FROM tx_rejected_events WHERE tenant_id = %s"
    stored = admin_connection.execute(query, (marketplace.tenant_id,)).fetchall()
    assert stored == [(group_key("schema", None, []),)]
