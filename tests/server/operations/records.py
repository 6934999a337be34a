"""What a database holds, looked at by a superuser: rows by primary key, orders with their events and deliveries."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

KEYS = """
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum) FROM pg_class c
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY c.relname
"""
# What passes through these tables is not meant to stay, or is counted anew by jobs.
PASSING = {
    "alembic_version",
    "collection_days",
    "event_outbox",
    "idempotency_records",
    "sales_stale_hours",
    "tx_stale_visitors",
}
# Orders that were imported are no news.
UNTOLD = """
SELECT o.external_id FROM orders o
LEFT JOIN tx_events e ON e.tenant_id = o.tenant_id AND e.order_id = o.external_id AND e.event_name = 'order_completed'
WHERE o.external_id NOT LIKE 'D-%%'
GROUP BY o.tenant_id, o.external_id HAVING count(e.event_id) <> 1
"""
PENDING = """
SELECT d.order_id, d.provider, c.state, d.reason, d.attempts, d.next_attempt_at
FROM conversion_deliveries d JOIN connections c ON c.id = d.connection_id
WHERE d.state = 'pending' ORDER BY d.id LIMIT 5
"""
FAILED = "SELECT 1 FROM conversion_deliveries WHERE attempts > 1 OR state = 'dead'"

Rows = dict[str, set[tuple[Any, ...]]]


def rows(url: str) -> Rows:
    """Table → primary keys of its rows."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(KEYS).fetchall()
        return {
            name: set(
                connection.execute(
                    sql.SQL("SELECT {} FROM {}").format(
                        sql.SQL(", ").join(sql.Identifier(column) for column in columns), sql.Identifier(name)
                    )
                ).fetchall()
            )
            for name, columns in tables
            if name not in PASSING
        }


def missing(before: Rows, after: Rows) -> dict[str, int]:
    """Table → how many rows of before are gone."""
    lost = {name: len(found - after.get(name, set())) for name, found in before.items()}
    return {name: count for name, count in lost.items() if count}


def untold_orders(url: str) -> list[str]:
    """Orders that do not have exactly one event of their completion."""
    return [str(row[0]) for row in query(url, UNTOLD)]


def pending(url: str) -> list[tuple[Any, ...]]:
    """Deliveries that are not settled yet, with what is known of them."""
    return query(url, PENDING)


def delivery_states(url: str) -> dict[str, set[str]]:
    """Order → the states of its deliveries."""
    found = query(url, "SELECT order_id, array_agg(state) FROM conversion_deliveries GROUP BY order_id")
    return {order: set(states) for order, states in found}


def query(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode(), values).fetchall()
