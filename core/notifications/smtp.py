"""Speaks SMTP: one mail, text and HTML, and what the mail server's answer means."""

from __future__ import annotations

import contextlib
import html
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from core.config import Settings
from core.notifications.views import MailView

TIMEOUT_SECONDS = 20
ADDRESS = ("http://", "https://")


class RefusedError(Exception):
    """The mail server will never take this mail; the message is its answer's code."""


class NotYetError(Exception):
    """The mail could not be handed over now; the message says why, without addresses."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and how mails are handed over; ``tls`` is ``starttls``, ``implicit`` or ``none``."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    sender: str

    @classmethod
    def configured(cls, config: Settings) -> MailServer | None:
        """Read it from the settings; None when mails are only kept."""
        if config.smtp_url is None:
            return None
        parts = urlsplit(config.smtp_url.get_secret_value())
        tls = parse_qs(parts.query).get("tls", ["starttls"])[0]
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if tls == "implicit" else 587),
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=config.mail_from or "",
        )

    def send(self, mail: MailView, tenant_id: int) -> None:
        """Hand a mail over; raises `RefusedError` or `NotYetError`."""
        try:
            message = compose(mail, tenant_id, self.sender)
        except ValueError:
            raise RefusedError("the address is none that a mail can be sent to") from None
        try:
            with self._session() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as exc:
            code = max(code for code, _ in exc.recipients.values())
            raise _judged(code) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as exc:
            raise _judged(exc.smtp_code) from None
        except smtplib.SMTPAuthenticationError as exc:
            # The installation's mistake, not the mail's: it goes out once the password is right.
            raise NotYetError(f"the mail server refused our sign-in ({exc.smtp_code}); check ADRAIL_SMTP_URL") from None
        except (smtplib.SMTPException, OSError) as exc:
            raise NotYetError(f"the mail server could not be used ({type(exc).__name__})") from None

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context()
        if self.tls == "implicit":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        with connection:
            if self.tls == "starttls":
                connection.starttls(context=context)
            if self.user:
                connection.login(self.user, self.password)
            yield connection


def _judged(code: int) -> Exception:
    answer = f"the mail server answered {code}"
    return RefusedError(answer) if code >= 500 else NotYetError(answer)


def compose(mail: MailView, tenant_id: int, sender: str) -> EmailMessage:
    """Make the message; sent again it carries the same id, so that a mailbox can tell."""
    message = EmailMessage()
    message["From"] = Address("adrail", addr_spec=sender)
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<mail-{tenant_id}-{mail.id}-{mail.created_at:%Y%m%d%H%M%S}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body + "\n")
    message.add_alternative(as_html(mail.body), subtype="html")
    return message


def as_html(body: str) -> str:
    """The text as simple HTML: paragraphs and links, nothing that is loaded from elsewhere."""
    parts = []
    for paragraph in body.split("\n\n"):
        safe = html.escape(paragraph)
        parts.append(f'<p><a href="{safe}">{safe}</a></p>' if paragraph.startswith(ADDRESS) else f"<p>{safe}</p>")
    return f'<!doctype html><html lang="en"><body>{"".join(parts)}</body></html>\n'
