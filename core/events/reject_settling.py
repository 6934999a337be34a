"""Taking refused events for a replay, one taker each, and saying what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from core.events.models import RejectedEvent
from core.events.reject_queries import COLUMNS, RejectRow
from core.events.rejects import OPEN, REJECT_STATES, group_key

# After a week nothing needs the address and browser of a refused event any more.
FORGET_CLIENTS = text("""
UPDATE tx_rejected_events SET sealed_client = NULL
WHERE sealed_client IS NOT NULL AND received_at < now() - interval '7 days'
""")

# Marketplace and state are named in full so that the groups' index serves.
UNGROUPED = text("""
SELECT id, code, event_name, problems FROM tx_rejected_events
WHERE tenant_id IN (SELECT id FROM tenants) AND state = ANY(:states) AND group_key = '' LIMIT :most
""")
GROUP = text("UPDATE tx_rejected_events SET group_key = :key WHERE id = :id")


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


def group_ungrouped(session: Session, most: int) -> int:
    """Give refused events their group that a process of an older version stored without; returns how many it was.

    Looks at all marketplaces, and at no more than ``most`` events.
    """
    rows = session.execute(UNGROUPED, {"states": list(REJECT_STATES), "most": most})
    keys = [{"id": row.id, "key": group_key(row.code, row.event_name, row.problems)} for row in rows]
    if keys:
        session.execute(GROUP, keys)
    return len(keys)
