"""Background jobs of mails; they carry ids only and may run twice without harm."""

from __future__ import annotations

from sqlalchemy import text

from core.db.session import maintainer_session
from core.notifications import sending
from core.notifications.waking import wake_sender

DUE = text("SELECT tenant_id, id FROM mails WHERE state = 'queued' AND next_attempt_at <= now() ORDER BY id LIMIT 1000")
OLD = text("DELETE FROM mails WHERE created_at < now() - interval '90 days'")


def send(tenant_id: int, mail_id: int) -> None:
    """Send one mail."""
    sending.send(tenant_id, mail_id)


def sweep() -> None:
    """Wake mails that are due, whoever forgot them; erase what is older than 90 days."""
    with maintainer_session() as session:
        session.execute(OLD)
        due = session.execute(DUE).all()
    for row in due:
        wake_sender(row.tenant_id, row.id)
