"""Background jobs of delivery; they carry ids only and may run twice without harm."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from core.db.session import maintainer_session, tenant_session
from core.delivery import claims, dispatch, wakeup

# One look into the index per connection, however many rows wait; those that a person or a platform holds back rest.
WAITING = text("""
SELECT c.tenant_id, c.id FROM connections c
WHERE c.state = 'active' AND (c.resume_at IS NULL OR c.resume_at <= now()) AND EXISTS (
  SELECT FROM conversion_deliveries d
  WHERE d.connection_id = c.id AND d.state = 'pending' AND d.next_attempt_at <= now()
    AND (:leased OR d.lease_until IS NULL OR d.lease_until <= now()))
ORDER BY c.id
""")

# As long as the address of a visit is kept; no platform takes a website's event later than that. In portions, because
# a connection nobody reconnects may hold more rows than one statement has time for.
ERASE_OLD = text("""
UPDATE conversion_deliveries SET sealed_client = NULL WHERE id IN (
  SELECT id FROM conversion_deliveries
  WHERE (state = 'dead' OR state = 'pending') AND sealed_client IS NOT NULL AND received_at < now() - interval '7 days'
  LIMIT 10000 FOR UPDATE SKIP LOCKED)
""")

SENT_KEPT = timedelta(days=90)
"""How long the log shows what a try looked like; that it was made, and how it ended, stays with the delivery."""
CHUNK = 10_000
MOST_CHUNKS = 200

ERASE_SENT = text("""
UPDATE delivery_attempts SET sent = NULL WHERE id IN (
  SELECT id FROM delivery_attempts WHERE sent IS NOT NULL AND at < now() - :age
  ORDER BY at LIMIT :most FOR UPDATE SKIP LOCKED)
""")


def deliver(tenant_id: int, connection_id: int) -> None:
    """Send everything that is due on a connection, then arrange to come back for what is due later."""
    with wakeup.turn(tenant_id, connection_id) as turn:
        if turn is not None:
            _deliver(tenant_id, connection_id, turn)


def _deliver(tenant_id: int, connection_id: int, turn: wakeup.Turn) -> None:
    def before_claim() -> None:
        turn.prolong()
        wakeup.clear(tenant_id, connection_id)

    if turn.inherited:
        with tenant_session(tenant_id) as session:
            claims.free(session, connection_id)
    wait = dispatch.run(tenant_id, connection_id, before_claim=before_claim, sign_of_life=turn.prolong)
    if wait is not None and wait > timedelta(0):
        wakeup.wake_in(tenant_id, connection_id, wait)
    elif wait is not None:
        wakeup.wake(tenant_id, [connection_id])


def sweep() -> None:
    """Wake every connection with due deliveries, whoever forgot it; erase addresses that nobody may need any more."""
    with maintainer_session() as session:
        session.execute(ERASE_OLD)
    _wake(leased=False)


def prune() -> None:
    """Erase what was sent longer than 90 days ago, in short transactions; what is left waits for the next hour."""
    for _ in range(MOST_CHUNKS):
        with maintainer_session() as session:
            erased = session.execute(ERASE_SENT, {"age": SENT_KEPT, "most": CHUNK})
        if erased.rowcount < CHUNK:  # type: ignore[attr-defined]
            break


def recover() -> None:
    """Wake every connection that a worker which died may have left in the middle of something."""
    _wake(leased=True)


def _wake(*, leased: bool) -> None:
    with maintainer_session() as session:
        waiting = session.execute(WAITING, {"leased": leased}).all()
    for row in waiting:
        wakeup.wake_anyway(row.tenant_id, row.id)
