"""Housekeeping of the event store."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from core.db.partitions import ensure_partitions
from core.db.session import MAINTAINER, engine, maintainer_session
from core.events.reject_settling import forget_clients, group_ungrouped
from core.events.sessions import erase_old_seals
from core.events.visits import SEAL_DAYS

REPLAY_HORIZON = timedelta(days=120)
REJECTS_KEPT = timedelta(days=30)
IDEMPOTENCY_KEPT = timedelta(hours=48)
CHUNK = 20_000
GROUP_CHUNK = 1_000
MOST_CHUNKS = 200

# Table → column that says how old a row is, and how long rows are kept.
KEPT = {
    "tx_event_keys": ("received_at", REPLAY_HORIZON),
    "tx_idempotency_keys": ("received_at", REPLAY_HORIZON),
    "tx_rejected_events": ("created_at", REJECTS_KEPT),
    "idempotency_records": ("created_at", IDEMPOTENCY_KEPT),
}


def make_partitions() -> None:
    """Make the event partitions of the coming months."""
    with engine(MAINTAINER).begin() as connection:
        ensure_partitions(connection)


def prune() -> None:
    """Erase what has outlived its retention: sealed client data, keys beyond the replay horizon, old rejects.

    Refused events that an older version stored meanwhile get their group.
    """
    with maintainer_session() as session:
        erase_old_seals(session, SEAL_DAYS)
        forget_clients(session)
    for _ in range(MOST_CHUNKS):
        with maintainer_session() as session:
            if group_ungrouped(session, GROUP_CHUNK) < GROUP_CHUNK:
                break
    for table, (column, age) in KEPT.items():
        # In short transactions: an hour of heavy traffic is millions of rows. What is left waits for the next hour.
        for _ in range(MOST_CHUNKS):
            if _prune_some(table, column, age) < CHUNK:
                break


def _prune_some(table: str, column: str, age: timedelta) -> int:
    statement = text(f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(
          SELECT ctid FROM {table} WHERE {column} < now() - :age LIMIT :most))
    """)  # noqa: S608 - names are constants of this module
    with maintainer_session() as session:
        return int(session.execute(statement, {"age": age, "most": CHUNK}).rowcount)  # type: ignore[attr-defined]
