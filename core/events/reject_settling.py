"""Taking refused events for a replay, one taker each, and saying what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from core.events.models import RejectedEvent
from core.events.reject_queries import COLUMNS, RejectRow
from core.events.rejects import OPEN

# After a week nothing needs the address and browser of a refused event any more.
FORGET_CLIENTS = text("""
UPDATE tx_rejected_events SET sealed_client = NULL
WHERE sealed_client IS NOT NULL AND received_at < now() - interval '7 days'
""")


def take_open_rejects(
    session: Session,
    tenant_id: int,
    *,
    ids: Sequence[int] | None = None,
    group: str | None = None,
    above: int = 0,
    most: int = 500,
) -> list[RejectRow]:
    """Lock open refused events until the transaction ends, oldest first; those that somebody else holds are left out.

    ``above``: only those with a higher number, so that what stays refused is not taken again.
    """
    query = select(*COLUMNS).where(
        RejectedEvent.tenant_id == tenant_id, RejectedEvent.state == OPEN, RejectedEvent.id > above
    )
    if ids is not None:
        query = query.where(RejectedEvent.id.in_(ids))
    if group is not None:
        query = query.where(RejectedEvent.group_key == group)
    query = query.order_by(RejectedEvent.id).limit(most).with_for_update(skip_locked=True)
    return [RejectRow(*row) for row in session.execute(query)]


def settle_rejects(session: Session, tenant_id: int, ids: Sequence[int], state: str, by: str) -> None:
    """Say what became of refused events, and who saw to it."""
    if ids:
        session.execute(
            update(RejectedEvent)
            .where(RejectedEvent.tenant_id == tenant_id, RejectedEvent.id.in_(ids))
            .values(state=state, settled_at=func.now(), settled_by=by)
        )


def forget_clients(session: Session) -> None:
    """Erase what was sealed of the senders of refused events older than a week, of all marketplaces."""
    session.execute(FORGET_CLIENTS)
