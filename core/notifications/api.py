"""The door of notifications: the only module other features import."""

from core.config import settings
from core.notifications.kinds import Kind
from core.notifications.letters import Letter, write_letter
from core.notifications.service import Audience, last_kind, notify, take_back
from core.notifications.smtp import MailServer
from core.notifications.views import MailView, get_mail, list_mails

__all__ = [
    "Audience",
    "Kind",
    "Letter",
    "MailView",
    "can_send",
    "get_mail",
    "last_kind",
    "list_mails",
    "notify",
    "take_back",
    "write_letter",
]


def can_send() -> bool:
    """Whether a mail server is configured; without one mails are kept, and shown in the demo."""
    return MailServer.configured(settings()) is not None
