"""Letters to one person: an address that is known, words that are written already, and perhaps a secret link."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.accounts.api import tenant_key
from core.notifications.models import Mail
from core.notifications.waking import send_after_commit

LINK = "{link}"
FIELD = "mails.secret"


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one person; where ``body`` has ``{link}`` as a paragraph, ``secret_link`` is put in on sending.

    ``recipient_ciphertext`` is sealed like `users.email`. The same ``dedup_key`` is written once.
    """

    kind: str
    topic: str
    subject: str
    body: str
    recipient_ciphertext: bytes
    dedup_key: str
    user_id: int | None = None
    secret_link: str | None = None


def write_letter(session: Session, tenant_id: int, letter: Letter) -> bool:
    """Write a letter in the caller's transaction; it leaves after the commit. Returns whether it is new."""
    sealed = tenant_key(None).encrypt(letter.secret_link, FIELD) if letter.secret_link else None
    row = {
        "tenant_id": tenant_id,
        "user_id": letter.user_id,
        "recipient_ciphertext": letter.recipient_ciphertext,
        "kind": letter.kind,
        "topic": letter.topic,
        "subject": " ".join(letter.subject.split()),
        "body": letter.body,
        "secret_ciphertext": sealed,
        "dedup_key": letter.dedup_key,
    }
    new = session.scalars(insert(Mail).values(row).on_conflict_do_nothing().returning(Mail.id)).all()
    send_after_commit(session, tenant_id, list(new))
    return bool(new)


def complete(body: str, sealed: bytes | None) -> str:
    """Put the secret link back into a text; one that is gone already is said to be."""
    if LINK not in body:
        return body
    return body.replace(LINK, tenant_key(None).decrypt(sealed, FIELD) if sealed else "(…)")
