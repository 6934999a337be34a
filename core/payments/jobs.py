"""Housekeeping of payments: match what waits, let it expire visibly, forget what is old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import structlog
from sqlalchemy import TextClause, select, text, tuple_

from core.accounts.api import tenant_view
from core.catalog.api import is_placed
from core.db.session import maintainer_session, tenant_session
from core.payments.matching import WAITING, settle_waiting
from core.payments.models import PaymentNotice

WAIT = timedelta(days=30)
"""As long as providers keep their events. An expired message is not looked for any more; its order, when it is placed
after all, still finds it."""
KEPT = timedelta(days=730)
"""A dispute may come after more than a year and names its payment alone."""
CHUNK = 1_000

# Names of orders that another message of the same payment brought since.
NAMED = text("""
UPDATE payment_notices SET order_external_id = found.order_external_id
FROM (
  SELECT n.id, known.order_external_id FROM payment_notices n CROSS JOIN LATERAL (
    SELECT k.order_external_id FROM payment_notices k
    WHERE k.tenant_id = n.tenant_id AND k.provider = n.provider AND k.payment_reference = n.payment_reference
      AND k.order_external_id IS NOT NULL ORDER BY k.id LIMIT 1) known
  WHERE n.state = 'waiting' AND n.order_external_id IS NULL LIMIT :most
) found WHERE payment_notices.id = found.id AND payment_notices.order_external_id IS NULL
""")
EXPIRE = text("""
UPDATE payment_notices SET state = 'expired', settled_at = now()
WHERE id IN (SELECT id FROM payment_notices WHERE state = 'waiting' AND received_at < now() - :age LIMIT :most)
  AND state = 'waiting'
""")
FORGET = text("""
DELETE FROM payment_notices
WHERE id IN (SELECT id FROM payment_notices WHERE received_at < now() - :age ORDER BY id LIMIT :most)
""")
FORGET_SECRETS = text("""
UPDATE payment_endpoints SET previous_sealed = NULL, previous_until = NULL WHERE previous_until <= now()
""")

log = structlog.get_logger(__name__)


def match() -> None:
    """Match messages with orders that came meanwhile; one that cannot be matched leaves the others alone."""
    _in_chunks(NAMED)
    for tenant_id, order in _ready():
        try:
            tenant = tenant_view(tenant_id)
            with tenant_session(tenant_id) as session:
                settle_waiting(session, tenant, order)
        except Exception:
            log.exception("payments of an order cannot be told", tenant=tenant_id, order=order)


def expire() -> None:
    """Give up messages whose order did not come within 30 days; forget everything after two years."""
    expired = _in_chunks(EXPIRE, age=WAIT)
    _in_chunks(FORGET, age=KEPT)
    if expired:
        log.warning("payments expired: their orders never came", payments=expired)


def forget_secrets() -> None:
    """Delete secrets that were replaced and do not count any more."""
    with maintainer_session() as session:
        session.execute(FORGET_SECRETS)


def _ready() -> Iterator[tuple[int, str]]:
    """Marketplace and order of what waits although the order is there.

    Those are orders that came by another way than one by one, or at the same moment as the message.
    """
    place = (PaymentNotice.tenant_id, PaymentNotice.order_external_id)
    query = select(*place).where(PaymentNotice.state == WAITING, is_placed(*place)).distinct().order_by(*place)
    last: tuple[int, str] | None = None
    while True:
        after = query.where(tuple_(*place) > tuple_(*last)) if last else query
        with maintainer_session() as session:
            rows = [(row[0], str(row[1])) for row in session.execute(after.limit(CHUNK))]
        yield from rows
        if len(rows) < CHUNK:
            return
        last = rows[-1]


def _in_chunks(statement: TextClause, **values: timedelta) -> int:
    """Run a statement, each time in a transaction of its own, until nothing is left; returns the number of rows."""
    total = 0
    while True:
        with maintainer_session() as session:
            done = session.execute(statement, {**values, "most": CHUNK}).rowcount  # type: ignore[attr-defined]
        total += done
        if done < CHUNK:
            return int(total)
