"""Telling the world that a connection changed: plugins through their hook, delivery through its job."""

from __future__ import annotations

import structlog
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from adrail.hookspecs import ConnectionChanged
from core.jobs import CONVERSIONS, enqueue
from core.registry import registry

DELIVER = "core.delivery.jobs.deliver"

log = structlog.get_logger(__name__)


def announce(session: Session, change: ConnectionChanged) -> None:
    """Announce once the transaction has committed; a rolled-back change is never announced."""
    told = False

    def tell(_: Session) -> None:
        nonlocal told
        # The event also comes when a savepoint is released, which proves nothing yet.
        if told or session.in_nested_transaction():
            return
        told = True
        registry().call("connection_changed", event=change)
        if change.state == "active":
            _wake(change)

    event.listen(session, "after_commit", tell)


def _wake(change: ConnectionChanged) -> None:
    try:
        enqueue(CONVERSIONS, DELIVER, change.tenant_id, change.connection_id)
    except RedisError:
        # The sweep finds what waits; the change itself is committed and must not look failed.
        log.warning("waiting deliveries could not be woken", connection_id=change.connection_id, exc_info=True)
