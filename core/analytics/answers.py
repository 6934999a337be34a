"""What the platforms answered about conversions of a period, in one query for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Text, column, func, select, table

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.delivery.api import LedgerCounts

DELIVERIES = table(
    "conversion_deliveries",
    column("tenant_id", BigInteger),
    column("organizer_id", BigInteger),
    column("provider", Text),
    column("canonical", Text),
    column("state", Text),
    column("reason", Text),
    column("received_at", DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """Counts of a period: of every platform, and of all of them together."""

    platforms: dict[str, LedgerCounts]
    together: LedgerCounts


def answers(actor: Actor, *, since: datetime, canonical: str | None = None) -> Answers:
    """Return how the deliveries received since a moment stand, by platform; ``canonical`` narrows to one conversion."""
    of = DELIVERIES.c
    query = (
        select(of.provider, of.state, of.reason, func.count())
        .where(of.tenant_id == actor.tenant_id, of.received_at >= since)
        .group_by(of.provider, of.state, of.reason)
    )
    if actor.organizer_id is not None:
        query = query.where(of.organizer_id == actor.organizer_id)
    if canonical is not None:
        query = query.where(of.canonical == canonical)
    with tenant_session(actor.tenant_id) as session:
        rows = [tuple(row) for row in session.execute(query)]
    providers = sorted({row[0] for row in rows})
    return Answers({name: _counts(row for row in rows if row[0] == name) for name in providers}, _counts(rows))


def _counts(rows: Iterable[tuple[Any, ...]]) -> LedgerCounts:
    states = dict.fromkeys(("accepted", "ignored", "pending", "dead"), 0)
    reasons: dict[str, int] = {}
    for _, state, reason, count in rows:
        states[state] += count
        if reason:
            reasons[reason] = reasons.get(reason, 0) + count
    return LedgerCounts(expected=sum(states.values()), reasons=reasons, **states)
