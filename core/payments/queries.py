"""Reading payments: messages whose order is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.money import format_amount
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.payments.endpoints import require_admin
from core.payments.matching import EXPIRED, MATCHED
from core.payments.models import PaymentNotice


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """A message that waits for its order, or waited too long (``expired``); ``amount`` as text in major units."""

    id: int
    provider: str
    kind: str
    payment_reference: str
    order_external_id: str | None
    amount: str
    currency: str
    occurred_at: datetime
    received_at: datetime
    expired: bool


def list_open(
    actor: Actor, *, provider: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[OpenPayment]:
    """Messages without an order, newest first. Raises `ForbiddenError`."""
    require_admin(actor)
    query = select(PaymentNotice).where(PaymentNotice.tenant_id == actor.tenant_id, PaymentNotice.state != MATCHED)
    if provider is not None:
        query = query.where(PaymentNotice.provider == provider)
    after = decode_cursor(cursor, int)
    if after:
        query = query.where(PaymentNotice.id < after[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(query.order_by(PaymentNotice.id.desc()).limit(size + 1)).all()
    items = [_view(row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def _view(row: PaymentNotice) -> OpenPayment:
    return OpenPayment(
        row.id,
        row.provider,
        row.kind,
        row.payment_reference,
        row.order_external_id,
        format_amount(row.amount, row.currency),
        row.currency,
        row.occurred_at,
        row.received_at,
        row.state == EXPIRED,
    )
