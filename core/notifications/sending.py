"""Sending a queued mail: claimed first, handed over outside any transaction, then settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from core.config import settings
from core.db.session import tenant_session
from core.notifications.models import Mail
from core.notifications.smtp import MailServer, NotYetError, RefusedError
from core.notifications.views import MailView, view_of
from core.notifications.waking import wake_sender

LEASE = timedelta(minutes=5)
PAUSES = (1, 5, 15, 60, 240, 480, 720)
"""Minutes until the next try; after the last one the mail has failed."""


def send(tenant_id: int, mail_id: int) -> None:
    """Send a mail that is due; anything else is left alone. A crash in between may send it twice, with one id."""
    server = MailServer.configured(settings())
    if server is None:
        _settle(tenant_id, mail_id, state="kept")
        return
    mail = _claim(tenant_id, mail_id)
    if mail is None:
        return
    try:
        server.send(mail, tenant_id)
    except RefusedError as exc:
        _settle(tenant_id, mail_id, state="failed", last_error=str(exc))
    except NotYetError as exc:
        _try_later(tenant_id, mail, str(exc))
    else:
        _settle(tenant_id, mail_id, state="sent", sent_at=datetime.now(UTC), last_error=None)


def _claim(tenant_id: int, mail_id: int) -> MailView | None:
    with tenant_session(tenant_id) as session:
        row = session.scalars(
            select(Mail)
            .where(Mail.id == mail_id, Mail.state == "queued", Mail.next_attempt_at <= func.now())
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        row.attempts += 1
        row.next_attempt_at = datetime.now(UTC) + LEASE
        return view_of(row)


def _try_later(tenant_id: int, mail: MailView, reason: str) -> None:
    if mail.attempts > len(PAUSES):
        _settle(tenant_id, mail.id, state="failed", last_error=reason)
        return
    pause = timedelta(minutes=PAUSES[mail.attempts - 1])
    _settle(tenant_id, mail.id, next_attempt_at=datetime.now(UTC) + pause, last_error=reason)
    wake_sender(tenant_id, mail.id, pause)


def _settle(tenant_id: int, mail_id: int, **values: object) -> None:
    with tenant_session(tenant_id) as session:
        if values.get("state") in {"sent", "failed"}:
            # Nobody else needs the link any more.
            values["secret_ciphertext"] = None
        due = [Mail.next_attempt_at <= func.now()] if values.get("state") == "kept" else []
        session.execute(update(Mail).where(Mail.id == mail_id, Mail.state == "queued", *due).values(**values))
