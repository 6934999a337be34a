"""What becomes of refused events when they get groups."""

from __future__ import annotations

import psycopg
from psycopg.types.json import Jsonb

from core.db.migrate import upgrade
from core.events.api import group_key

BEFORE, AFTER = "0010_analytics", "0013_event_collection"
TENANT = "INSERT INTO tenants (slug, name, default_currency, time_zone) VALUES ('t', 'T', 'EUR', 'UTC')"
REFUSED = """
INSERT INTO tx_rejected_events (tenant_id, event_name, code, problems, sealed_event, received_at)
VALUES (1, %s, %s, %s, '', now())
"""
PROBLEMS = [
    {"pointer": "/payload/items/1/price", "rule": "type", "message": "m"},
    {"pointer": "/payload/items/0/price", "rule": "type", "message": "m"},
    {"pointer": "/payload/Zone", "rule": "required", "message": "m"},
]


def test_events_refused_before_are_grouped_like_later_ones(empty_database: str) -> None:
    cases = [("add_to_cart", "schema", PROBLEMS), (None, "unknown_event", PROBLEMS[:1]), ("x", "too_old", [])]
    upgrade(BEFORE)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(TENANT)
        for name, code, problems in cases:
            connection.execute(REFUSED, (name, code, Jsonb(problems)))
        upgrade(AFTER)
        stored = connection.execute("SELECT group_key FROM tx_rejected_events ORDER BY id").fetchall()
    assert [key for (key,) in stored] == [group_key(code, name, problems) for name, code, problems in cases]
