"""Housekeeping of payments: match what waits, let it expire visibly, forget what is old."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import text

from core.accounts.api import tenant_view
from core.db.session import maintainer_session, tenant_session
from core.payments.matching import settle_waiting

WAIT = timedelta(days=30)
"""As long as providers keep their events; an order that comes later is not the one that was meant."""
KEPT = timedelta(days=730)
"""A dispute may come after more than a year and names its payment alone."""
MOST = 500
CHUNK = 10_000

# Orders that came by another way than one by one, or at the same moment as the message.
READY = text("""
SELECT DISTINCT n.tenant_id, n.order_external_id FROM payment_notices n
JOIN orders o ON o.tenant_id = n.tenant_id AND o.external_id = n.order_external_id
WHERE n.state <> 'matched' LIMIT :most
""")
# Names of orders that another message of the same payment brought since.
NAMED = text("""
UPDATE payment_notices n SET order_external_id = known.order_external_id
FROM payment_notices known
WHERE n.state <> 'matched' AND n.order_external_id IS NULL AND known.tenant_id = n.tenant_id
  AND known.provider = n.provider AND known.payment_reference = n.payment_reference
  AND known.order_external_id IS NOT NULL
""")
EXPIRE = text("""
UPDATE payment_notices SET state = 'expired', settled_at = now()
WHERE id IN (SELECT id FROM payment_notices WHERE state = 'waiting' AND received_at < now() - :age LIMIT :most)
""")
FORGET = text("""
DELETE FROM payment_notices
WHERE id IN (SELECT id FROM payment_notices WHERE received_at < now() - :age ORDER BY id LIMIT :most)
""")

log = structlog.get_logger(__name__)


def match() -> None:
    """Match messages with orders that came meanwhile."""
    with maintainer_session() as session:
        session.execute(NAMED)
        ready = session.execute(READY, {"most": MOST}).all()
    for row in ready:
        tenant = tenant_view(row.tenant_id)
        with tenant_session(tenant.id) as session:
            settle_waiting(session, tenant, row.order_external_id)


def expire() -> None:
    """Give up messages whose order did not come within 30 days; forget everything after two years."""
    with maintainer_session() as session:
        expired = session.execute(EXPIRE, {"age": WAIT, "most": CHUNK}).rowcount  # type: ignore[attr-defined]
        session.execute(FORGET, {"age": KEPT, "most": CHUNK})
    if expired:
        log.warning("payments expired: their orders never came", payments=expired)
