"""What was mailed to somebody, read as they read it."""

from __future__ import annotations

import re

from sqlalchemy import select

from core.accounts.api import readable_email
from core.db.session import maintainer_session
from core.notifications.models import Mail
from core.notifications.views import MailView, view_of

LINK = re.compile(r"https?://\S+/(?:invitation|reset-password)/(\S+)")


def mails_to(email: str) -> list[MailView]:
    """Every mail to an address, newest first."""
    with maintainer_session() as session:
        rows = session.scalars(select(Mail).order_by(Mail.id.desc()))
        return [view_of(row) for row in rows if readable_email(row.recipient_ciphertext) == email]


def token_for(email: str) -> str:
    """The token of the link in the newest mail that has one."""
    found = next((match[1] for mail in mails_to(email) if (match := LINK.search(mail.body))), None)
    assert found, f"no link was mailed to {email}"
    return found
