"""From a payment message to its order and its tracking event; messages whose order is not known wait for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from adrail import PaymentKind
from core.accounts.api import TenantView
from core.catalog.api import PaymentFact, emit_payment
from core.payments.models import PaymentNotice

WAITING, MATCHED, EXPIRED = "waiting", "matched", "expired"
SEVERAL = frozenset({PaymentKind.REFUNDED, PaymentKind.DISPUTED})
"""What an order can have several of, so that another telling of one is not told from a second one by its name."""


def settle(session: Session, tenant: TenantView, notice: PaymentNotice) -> bool:
    """Write the tracking event of a message whose order is known, in the caller's transaction; else leave it waiting.

    A message that names its order settles those of the same payment that do not (a dispute names none).
    """
    if notice.order_external_id is None:
        notice.order_external_id = _order_of_payment(session, notice)
        return notice.order_external_id is not None and _emit(session, tenant, notice)
    return sum(_emit(session, tenant, item) for item in (notice, *_nameless(session, notice))) > 0


def settle_waiting(session: Session, tenant: TenantView, order_external_id: str) -> int:
    """Settle everything that waits for an order; returns how many."""
    query = (
        select(PaymentNotice)
        .where(
            PaymentNotice.tenant_id == tenant.id,
            PaymentNotice.order_external_id == order_external_id,
            PaymentNotice.state != MATCHED,
        )
        .order_by(PaymentNotice.occurred_at, PaymentNotice.id)
        .with_for_update()
    )
    return sum(settle(session, tenant, item) for item in session.scalars(query).all())


def _emit(session: Session, tenant: TenantView, notice: PaymentNotice) -> bool:
    if notice.order_external_id is None or notice.state == MATCHED:
        return False
    fact = PaymentFact(
        order_external_id=notice.order_external_id,
        event_name=notice.kind,
        occurred_at=notice.occurred_at,
        amount=notice.amount,
        currency=notice.currency,
        provider=notice.provider,
        payment_reference=notice.payment_reference,
        failure_code=notice.failure_code,
        transition=lambda: _transition(session, notice),
        told=lambda own: _told(session, notice, own),
    )
    made = emit_payment(session, tenant, fact)
    if made is not None:
        _finish(session, notice, made)
    return made is not None


def _finish(session: Session, notice: PaymentNotice, event_id: uuid.UUID) -> None:
    notice.state, notice.settled_at, notice.tracking_event_id = MATCHED, datetime.now(UTC), event_id
    session.flush()


def _transition(session: Session, notice: PaymentNotice) -> str | None:
    """What tells this event from others of its name; the first payment of an order needs nothing.

    Called while the order is locked, so that two payments cannot both be the first.
    """
    if notice.kind != PaymentKind.SUCCEEDED:
        return notice.transition_id
    first = session.scalar(
        select(PaymentNotice.payment_reference)
        .where(
            PaymentNotice.tenant_id == notice.tenant_id,
            PaymentNotice.order_external_id == notice.order_external_id,
            PaymentNotice.kind == notice.kind,
            PaymentNotice.state == MATCHED,
        )
        .order_by(PaymentNotice.settled_at, PaymentNotice.id)
        .limit(1)
    )
    return None if first in (None, notice.payment_reference) else notice.payment_reference


def _told(session: Session, notice: PaymentNotice, own: Sequence[uuid.UUID]) -> uuid.UUID | None:
    """The event that tells this already, which the provider or the marketplace itself reported in other words.

    A provider tells a refund by its id in one message and without it in another; the marketplace may report the same
    refund under an id of its own, whose events are ``own``. Each such telling stands for one of the other kind.
    """
    if notice.kind not in SEVERAL:
        return None
    rows = session.scalars(
        select(PaymentNotice)
        .where(
            PaymentNotice.tenant_id == notice.tenant_id,
            PaymentNotice.order_external_id == notice.order_external_id,
            PaymentNotice.kind == notice.kind,
            PaymentNotice.state == MATCHED,
        )
        .order_by(PaymentNotice.id)
    ).all()
    same = [row.tracking_event_id for row in rows if _refers(row) == _refers(notice)]
    alike = [row for row in rows if (row.amount, row.currency) == (notice.amount, notice.currency)]
    payment = [row for row in alike if _payment(row) == _payment(notice)]
    taken = {row.tracking_event_id for row in payment if _unnamed(row) == _unnamed(notice)}
    halves = [row.tracking_event_id for row in payment if row.tracking_event_id not in taken]
    used = {row.tracking_event_id for row in rows}
    return next(iter((*same, *halves, *(event for event in own if event not in used))), None)


def _payment(notice: PaymentNotice) -> tuple[str, str]:
    return notice.provider, notice.payment_reference


def _refers(notice: PaymentNotice) -> tuple[str, str]:
    return notice.provider, notice.transition_id


def _unnamed(notice: PaymentNotice) -> bool:
    """Whether the message did not say which refund it is about."""
    return notice.transition_id == notice.provider_event_id


def _order_of_payment(session: Session, notice: PaymentNotice) -> str | None:
    return session.scalar(
        select(PaymentNotice.order_external_id)
        .where(
            PaymentNotice.tenant_id == notice.tenant_id,
            PaymentNotice.provider == notice.provider,
            PaymentNotice.payment_reference == notice.payment_reference,
            PaymentNotice.order_external_id.is_not(None),
        )
        .order_by(PaymentNotice.id)
        .limit(1)
    )


def _nameless(session: Session, notice: PaymentNotice) -> Iterable[PaymentNotice]:
    rows = session.scalars(
        select(PaymentNotice)
        .where(
            PaymentNotice.tenant_id == notice.tenant_id,
            PaymentNotice.provider == notice.provider,
            PaymentNotice.payment_reference == notice.payment_reference,
            PaymentNotice.order_external_id.is_(None),
        )
        .order_by(PaymentNotice.occurred_at, PaymentNotice.id)
        .with_for_update()
    ).all()
    for row in rows:
        row.order_external_id = notice.order_external_id
    return rows
