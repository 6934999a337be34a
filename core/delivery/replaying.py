"""Dead letters: giving them another try."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, insert, update

from core.accounts.api import Actor, record_audit
from core.db.session import tenant_session
from core.delivery import reasons
from core.delivery.models import Delivery, DeliveryAttempt
from core.delivery.queries import own_rows
from core.delivery.verdicts import DEAD, PENDING, REPLAY
from core.delivery.wakeup import wake
from core.errors import ForbiddenError


def replay(actor: Actor, delivery_ids: Sequence[int]) -> int:
    """Try dead deliveries again, with the same event ids; returns how many. Others, and others' own, stay untouched.

    Raises `ForbiddenError` without the permission ``manage_connections``.
    """
    if "manage_connections" not in actor.permissions:
        raise ForbiddenError("replaying deliveries needs the permission manage_connections")
    with tenant_session(actor.tenant_id) as session:
        revived = session.execute(
            update(Delivery)
            .where(Delivery.id.in_(delivery_ids), Delivery.state == DEAD, *own_rows(actor))
            .values(
                state=PENDING,
                reason=reasons.REPLAYED,
                detail=None,
                platform_code=None,
                attempts=0,
                next_attempt_at=func.now(),
                lease_until=None,
                settled_at=None,
            )
            .returning(Delivery.id, Delivery.connection_id)
            .execution_options(synchronize_session=False)
        ).all()
        ids = sorted(row.id for row in revived)
        if ids:
            session.execute(
                insert(DeliveryAttempt).values(tenant_id=actor.tenant_id, at=func.now(), duration_ms=0, outcome=REPLAY),
                [{"delivery_id": delivery_id, "message": actor.label} for delivery_id in ids],
            )
            record_audit(session, actor, "delivery.replayed", f"deliveries:{len(ids)}", {"ids": ids})
    wake(actor.tenant_id, sorted({row.connection_id for row in revived}))
    return len(ids)
