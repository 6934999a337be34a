"""Writing mails in the caller's transaction, and taking back those that nobody has got yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.accounts.api import staff_of
from core.notifications.kinds import Kind, words
from core.notifications.models import Mail
from core.notifications.waking import send_after_commit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who looks after what belongs to an organiser; None: to the marketplace itself."""

    organizer_id: int | None


def notify(
    session: Session,
    tenant_id: int,
    kind: Kind,
    audience: Audience,
    data: Mapping[str, str],
    *,
    topic: str,
    occasion: str,
    delay: timedelta = timedelta(0),
) -> int:
    """Write one mail to each person of the audience, in their language; it leaves after the commit, ``delay`` later.

    The same kind, ``topic`` and ``occasion`` reach a person once, however often they are told. Returns how many mails
    are new. ``data`` must hold no secret and nothing about buyers.
    """
    people = staff_of(session, tenant_id, audience.organizer_id)
    if not people:
        log.warning("nobody can be told", kind=kind, topic=topic)
        return 0
    texts = {locale: words(kind, data, locale) for locale in {person.locale for person in people}}
    rows = [
        {
            "tenant_id": tenant_id,
            "user_id": person.user_id,
            "recipient_ciphertext": person.email_ciphertext,
            "kind": kind,
            "topic": topic,
            "subject": " ".join(texts[person.locale].subject.split()),
            "body": texts[person.locale].body,
            "dedup_key": f"{kind}|{topic}|{occasion}|{person.user_id}",
            "next_attempt_at": datetime.now(UTC) + delay,
        }
        for person in people
    ]
    new = session.scalars(insert(Mail).values(rows).on_conflict_do_nothing().returning(Mail.id)).all()
    send_after_commit(session, tenant_id, list(new), delay)
    return len(new)


def take_back(session: Session, kind: Kind, topic: str) -> int:
    """Drop mails of a kind and topic that have not left; returns how many people will not get one."""
    gone = session.execute(
        delete(Mail).where(Mail.kind == kind, Mail.topic == topic, Mail.state == "queued", Mail.attempts == 0)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def last_kind(session: Session, topic: str) -> str | None:
    """Return the kind of the newest mail about a topic, so that good news reaches those who heard the bad."""
    return session.scalar(select(Mail.kind).where(Mail.topic == topic).order_by(Mail.id.desc()).limit(1))
