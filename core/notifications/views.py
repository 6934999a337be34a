"""What others see of a mail, and who gets to see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from core.accounts.api import Actor, readable_email
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.notifications.letters import complete
from core.notifications.models import Mail
from core.paging import Page, clamp, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class MailView:
    """A mail; ``state`` is ``queued``, ``sent``, ``failed`` or ``kept``."""

    id: int
    recipient: str
    kind: str
    subject: str
    body: str
    state: str
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


def list_mails(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[MailView]:
    """Mails of the marketplace, newest first; an organiser's staff see those written to themselves."""
    query = _visible(actor).order_by(Mail.id.desc())
    before = decode_cursor(cursor, int)
    if before:
        query = query.where(Mail.id < before[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(query.limit(size + 1)).all()
    items = [view_of(row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def get_mail(actor: Actor, mail_id: int) -> MailView:
    """Return one mail; raises `NotFoundError` when it does not exist or is not the actor's to see."""
    with tenant_session(actor.tenant_id) as session:
        row = session.scalars(_visible(actor).where(Mail.id == mail_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no mail {mail_id}, or it is not yours")
    return view_of(row)


def _visible(actor: Actor) -> Select[Mail]:
    query = select(Mail).where(Mail.tenant_id == actor.tenant_id)
    return query if actor.organizer_id is None else query.where(Mail.user_id == actor.user_id)


def view_of(row: Mail) -> MailView:
    """Make the view of a row."""
    return MailView(
        id=row.id,
        recipient=readable_email(row.recipient_ciphertext),
        kind=row.kind,
        subject=row.subject,
        body=complete(row.body, row.secret_ciphertext),
        state=row.state,
        attempts=row.attempts,
        last_error=row.last_error,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
