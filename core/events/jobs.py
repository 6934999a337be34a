"""Housekeeping of the event store."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from core.db.migrate import ensure_partitions
from core.db.session import MAINTAINER, engine, maintainer_session
from core.events.sessions import erase_old_seals
from core.events.visits import SEAL_DAYS

REPLAY_HORIZON = timedelta(days=120)
REJECTS_KEPT = timedelta(days=30)
IDEMPOTENCY_KEPT = timedelta(hours=48)

PRUNE = {
    "DELETE FROM tx_event_keys WHERE received_at < now() - :age": REPLAY_HORIZON,
    "DELETE FROM tx_idempotency_keys WHERE received_at < now() - :age": REPLAY_HORIZON,
    "DELETE FROM tx_rejected_events WHERE created_at < now() - :age": REJECTS_KEPT,
    "DELETE FROM idempotency_records WHERE created_at < now() - :age": IDEMPOTENCY_KEPT,
}


def make_partitions() -> None:
    """Make the event partitions of the coming months."""
    with engine(MAINTAINER).begin() as connection:
        ensure_partitions(connection)


def prune() -> None:
    """Erase what has outlived its retention: sealed client data, keys beyond the replay horizon, old rejects."""
    for statement, age in PRUNE.items():
        with maintainer_session() as session:
            session.execute(text(statement), {"age": age})
    with maintainer_session() as session:
        erase_old_seals(session, SEAL_DAYS)
