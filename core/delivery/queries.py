"""Reading deliveries: the log, one delivery, and the ledger that must add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, select, union_all

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.delivery.explaining import explain
from core.delivery.models import Delivery, DeliveryAttempt
from core.delivery.neighbours import CONNECTIONS, LIVE_EVENTS, ORGANIZERS
from core.delivery.verdicts import DEAD, STATES
from core.delivery.views import NEVER_LEFT, AttemptView, DeliveryDetail, DeliveryView, LedgerCounts
from core.errors import FieldProblem, InvalidInputError, NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor

SHOWN_ATTEMPTS = 100


def own_rows(actor: Actor) -> list[ColumnElement[bool]]:
    """Conditions for what an actor may see: an organiser's own deliveries, or all of the marketplace."""
    conditions = [Delivery.tenant_id == actor.tenant_id]
    return conditions if actor.organizer_id is None else [*conditions, Delivery.organizer_id == actor.organizer_id]


def delivery_log(
    actor: Actor,
    *,
    state: str | None = None,
    provider: str | None = None,
    live_event_id: str | None = None,
    order: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[DeliveryView]:
    """Deliveries, newest first. ``live_event_id`` is an external id and also finds orders with tickets of others.

    Raises `InvalidInputError` for an unknown state or a cursor of another list.
    """
    conditions = [*own_rows(actor), *_filters(state, provider, order)]
    before = decode_cursor(cursor, int)
    if before:
        conditions.append(Delivery.id < before[0])
    size = clamp(limit)
    if live_event_id is not None:
        conditions.append(Delivery.id.in_(_about(live_event_id, conditions, size + 1)))
    with tenant_session(actor.tenant_id) as session:
        rows = session.execute(_select().where(*conditions).order_by(Delivery.id.desc()).limit(size + 1)).all()
    items = [_view(*row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def delivery_detail(actor: Actor, delivery_id: int) -> DeliveryDetail:
    """One delivery with its latest 100 attempts; raises `NotFoundError` when there is none or it is another's."""
    with tenant_session(actor.tenant_id) as session:
        found = session.execute(_select().where(*own_rows(actor), Delivery.id == delivery_id)).one_or_none()
        if found is None:
            raise NotFoundError(f"there is no delivery {delivery_id}, or it is not yours")
        tries = session.scalars(
            select(DeliveryAttempt)
            .where(DeliveryAttempt.tenant_id == actor.tenant_id, DeliveryAttempt.delivery_id == delivery_id)
            .order_by(DeliveryAttempt.id.desc())
            .limit(SHOWN_ATTEMPTS)
        ).all()
    row: Delivery = found[0]
    attempts = [_attempt(item) for item in tries]
    return DeliveryDetail(
        delivery=_view(*found),
        attempts=attempts,
        sent=next((item.sent for item in attempts if item.sent and item.outcome not in NEVER_LEFT), None),
        items=list(row.conversion.get("items") or []),
        explanation=explain(row.provider, row.state, row.reason, row.platform_code),
        purpose=row.purpose,
        consent=row.consent,
        consent_receipt=row.consent_receipt,
        can_replay=row.state == DEAD,
    )


def ledger(
    actor: Actor,
    *,
    since: datetime | None = None,
    order: str | None = None,
    canonical: str | None = None,
    provider: str | None = None,
    connection_id: int | None = None,
) -> LedgerCounts:
    """Count deliveries by state: since a moment, of one order, conversion, platform or connection."""
    conditions = own_rows(actor)
    if since is not None:
        conditions.append(Delivery.received_at >= since)
    if order is not None:
        conditions.append(Delivery.order_id == order)
    if canonical is not None:
        conditions.append(Delivery.canonical == canonical)
    if provider is not None:
        conditions.append(Delivery.provider == provider)
    if connection_id is not None:
        conditions.append(Delivery.connection_id == connection_id)
    query = select(Delivery.state, Delivery.reason, func.count()).where(*conditions)
    with tenant_session(actor.tenant_id) as session:
        rows = session.execute(query.group_by(Delivery.state, Delivery.reason)).all()
    counts = dict.fromkeys(STATES, 0)
    reasons: dict[str, int] = {}
    for state, reason, count in rows:
        counts[state] += count
        if reason:
            reasons[reason] = reasons.get(reason, 0) + count
    return LedgerCounts(expected=sum(count for _, _, count in rows), reasons=reasons, **counts)


def _about(live_event_id: str, conditions: Sequence[ColumnElement[bool]], limit: int) -> CompoundSelect[Any]:
    """The newest deliveries about a live event: its own, and orders that have tickets of several.

    Two lists, each along its index. In one condition the look into the orders' items would hinder both: behind
    row-level security an index serves only operators that cannot leak, and ``@>`` is none of them.
    """
    within = Delivery.conversion.contains({"items": [{"live_event_id": live_event_id}]})
    several = Delivery.order_id.is_not(None) & Delivery.live_event_id.is_(None)
    newest = select(Delivery.id).where(*conditions).order_by(Delivery.id.desc()).limit(limit).correlate(None)
    return union_all(newest.where(Delivery.live_event_id == live_event_id), newest.where(several, within))


def _filters(state: str | None, provider: str | None, order: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state is not None:
        if state not in STATES:
            problem = FieldProblem("/state", "choice", f"use one of {', '.join(STATES)}")
            raise InvalidInputError(f"there is no state {state!r}", errors=[problem])
        conditions.append(Delivery.state == state)
    if provider is not None:
        conditions.append(Delivery.provider == provider)
    if order is not None:
        conditions.append(Delivery.order_id == order)
    return conditions


def _select() -> Select[Any]:
    return (
        select(Delivery, ORGANIZERS.c.name, LIVE_EVENTS.c.title, CONNECTIONS.c.state)
        .outerjoin(ORGANIZERS, ORGANIZERS.c.id == Delivery.organizer_id)
        .outerjoin(
            LIVE_EVENTS,
            (LIVE_EVENTS.c.tenant_id == Delivery.tenant_id) & (LIVE_EVENTS.c.external_id == Delivery.live_event_id),
        )
        .outerjoin(CONNECTIONS, CONNECTIONS.c.id == Delivery.connection_id)
    )


def _view(row: Delivery, organizer_name: str | None, title: str | None, connection_state: str | None) -> DeliveryView:
    value = row.conversion.get("value")
    return DeliveryView(
        id=row.id,
        event_id=str(row.event_id),
        event_name=row.event_name,
        canonical=row.canonical,
        platform_event_id=row.platform_event_id,
        provider=row.provider,
        public_id=row.public_id,
        code_id=row.code_id,
        connection_id=row.connection_id,
        connection_state=connection_state,
        organizer_id=row.organizer_id,
        organizer_name=organizer_name,
        live_event_id=row.live_event_id,
        live_event_title=title,
        order_id=row.order_id,
        value=None if value is None else Decimal(value),
        currency=row.conversion.get("currency"),
        is_test=bool(row.conversion.get("test_code")),
        state=row.state,
        reason=row.reason,
        detail=row.detail,
        platform_code=row.platform_code,
        platform_ref=row.platform_ref,
        attempts=row.attempts,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        next_attempt_at=row.next_attempt_at,
        settled_at=row.settled_at,
    )


def _attempt(row: DeliveryAttempt) -> AttemptView:
    return AttemptView(row.at, row.duration_ms, row.outcome, row.code, row.message, row.reference, row.sent)
