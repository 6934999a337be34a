"""Waking the sender: after the commit that wrote a mail, never before."""

from __future__ import annotations

from datetime import timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy import event
from sqlalchemy.orm import Session

from core.jobs import DEFAULT, enqueue, enqueue_in

SEND = "core.notifications.jobs.send"
AT_ONCE = timedelta(0)

log = structlog.get_logger(__name__)


def send_after_commit(session: Session, tenant_id: int, mail_ids: list[int], delay: timedelta = AT_ONCE) -> None:
    """Enqueue the sending of mails once the session's transaction is committed."""
    told = False

    def wake(_: Session) -> None:
        nonlocal told
        # The event also comes when a savepoint is released, which proves nothing yet.
        if not told and not session.in_nested_transaction():
            told = True
            for mail_id in mail_ids:
                wake_sender(tenant_id, mail_id, delay)

    event.listen(session, "after_commit", wake)


def wake_sender(tenant_id: int, mail_id: int, delay: timedelta = AT_ONCE) -> None:
    """Enqueue the sending of a mail; while Valkey is away the sweep does it later."""
    try:
        if delay:
            enqueue_in(delay, DEFAULT, SEND, tenant_id, mail_id)
        else:
            enqueue(DEFAULT, SEND, tenant_id, mail_id)
    except RedisError:
        log.warning("a mail waits for the next sweep", mail_id=mail_id, exc_info=True)
