"""From a payment message to its order and its tracking event; messages whose order is not known wait for it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from adrail import PaymentKind
from core.accounts.api import TenantView
from core.catalog.api import PaymentFact, emit_payment
from core.payments.models import PaymentNotice

WAITING, MATCHED, EXPIRED = "waiting", "matched", "expired"


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
