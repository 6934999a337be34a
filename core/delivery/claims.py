"""Taking due rows of one connection: a lease, committed before the network is touched, that another worker respects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.orm import Session

from core.delivery.models import Delivery
from core.delivery.verdicts import PENDING
from core.jobs import JOB_TIMEOUT_SECONDS

LEASE = timedelta(seconds=JOB_TIMEOUT_SECONDS + 60)
"""Longer than any job may run: as long as one that took rows can still be sending them, nobody else gets them.

The rows of a worker that is known to have died are freed at once, those of any other after this; they go out again with
the same event id.
"""

_FREE = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= func.now())


@dataclass(frozen=True, slots=True)
class Claimed:
    """Rows that are ours until ``lease``; ``now`` is the database's clock at that moment."""

    rows: Sequence[Delivery]
    lease: datetime
    now: datetime


def claim(session: Session, connection_id: int, limit: int) -> Claimed | None:
    """Lease up to ``limit`` due rows, oldest first, and count the attempt; None when nothing is due.

    Rows that another worker holds are passed over.
    """
    due = (
        select(Delivery.id)
        .where(
            Delivery.connection_id == connection_id,
            Delivery.state == PENDING,
            Delivery.next_attempt_at <= func.now(),
            _FREE,
        )
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(Delivery)
        .where(Delivery.id.in_(select(due.c.id)))
        .values(lease_until=func.now() + literal(LEASE), attempts=Delivery.attempts + 1)
        .returning(Delivery, func.now())
        .execution_options(synchronize_session=False)
    )
    found = session.execute(statement).all()
    if not found:
        return None
    now: datetime = found[0][1]
    return Claimed(sorted((row for row, _ in found), key=lambda row: row.id), now + LEASE, now)


def renew(session: Session, delivery_ids: Sequence[int], lease: datetime) -> datetime | None:
    """Prolong a lease that is still held on all of its rows; None when another worker has taken one over."""
    statement = (
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == PENDING, Delivery.lease_until == lease)
        .values(lease_until=func.now() + literal(LEASE))
        .returning(Delivery.lease_until)
        .execution_options(synchronize_session=False)
    )
    renewed = session.scalars(statement).all()
    return renewed[0] if renewed and len(renewed) == len(set(delivery_ids)) else None


def release(session: Session, delivery_ids: Sequence[int], lease: datetime) -> None:
    """Give back rows that were not tried after all."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.state == PENDING, Delivery.lease_until == lease)
        .values(lease_until=None, attempts=Delivery.attempts - 1)
        .execution_options(synchronize_session=False)
    )


def free(session: Session, connection_id: int) -> None:
    """End every lease on a connection, because the worker that took them has died."""
    session.execute(
        update(Delivery)
        .where(Delivery.connection_id == connection_id, Delivery.state == PENDING, Delivery.lease_until.is_not(None))
        .values(lease_until=None)
        .execution_options(synchronize_session=False)
    )


def next_due(session: Session, connection_id: int) -> timedelta | None:
    """Return how long until something of a connection is free; zero when it is already, None when nothing waits.

    Call it after `claim` found nothing, in the same transaction.
    """
    pending = select(Delivery).where(Delivery.connection_id == connection_id, Delivery.state == PENDING)
    # What is due and was not claimed is another's, so these are few; of the others the first in the index will do.
    leased = pending.with_only_columns(func.min(func.coalesce(Delivery.lease_until, Delivery.next_attempt_at))).where(
        Delivery.next_attempt_at <= func.now()
    )
    waiting = (
        pending.with_only_columns(Delivery.next_attempt_at)
        .where(Delivery.next_attempt_at > func.now())
        .order_by(Delivery.next_attempt_at)
        .limit(1)
    )
    wait = session.scalar(select(func.least(waiting.scalar_subquery(), leased.scalar_subquery()) - func.now()))
    return None if wait is None else max(wait, timedelta(0))
