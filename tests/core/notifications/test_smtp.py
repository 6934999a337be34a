"""Mails over real SMTP: what is said, what is tried again, what is given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from core.accounts.api import Actor, set_language
from core.config import ConfigError, load_settings
from core.db.session import tenant_session
from core.notifications import jobs
from core.notifications.api import Audience, MailView, list_mails, notify
from core.notifications.smtp import as_html
from tests.core.notifications.mail_server import MailServerForTests
from tests.marketplace import Marketplace
from tests.pipeline import work
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]
FACTS = {
    "platform": "Example Ads",
    "account": "4711",
    "owner": "Teatrul «Mare» & Söhne",
    "marketplace": "Scena",
    "since": "2027-05-03T07:00:00+00:00",
    "zone": "Europe/Bucharest",
    "reason": "",
    "link": "https://rail.example/connections/1",
}


@pytest.fixture
def mail_server() -> Iterator[MailServerForTests]:
    """A mail server that this process' settings name."""
    with (
        MailServerForTests() as server,
        use_environment(ADRAIL_SMTP_URL=server.url, ADRAIL_MAIL_FROM="adrail@rail.example"),
    ):
        yield server


def write(marketplace: Marketplace, occasion: str = "1") -> MailView:
    if occasion == "1":
        marketplace.create_user(f"a@{marketplace.slug}.example", "a long enough password", role="admin")
    with tenant_session(marketplace.tenant_id) as session:
        told(session, marketplace, occasion)
    return newest(marketplace)


def told(session: Session, marketplace: Marketplace, occasion: str) -> int:
    return notify(
        session,
        marketplace.tenant_id,
        "connection_stopped",
        Audience(None),
        FACTS,
        topic="connection:1",
        occasion=occasion,
    )


def newest(marketplace: Marketplace) -> MailView:
    return list_mails(marketplace.staff).items[0]


def try_again(admin: Admin) -> None:
    admin.execute("UPDATE mails SET next_attempt_at = now() WHERE state = 'queued'")
    jobs.sweep()
    work()


def test_a_mail_has_text_and_html_and_loads_nothing(marketplace: Marketplace, mail_server: MailServerForTests) -> None:
    mail = write(marketplace)
    work()

    (message,) = mail_server.taken
    assert (message["To"], message["From"]) == (mail.recipient, "adrail <adrail@rail.example>")
    assert message["Subject"] == "Example Ads stopped accepting conversions for Teatrul «Mare» & Söhne"
    parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
    assert set(parts) == {"text/plain", "text/html"}
    assert "since 3 May 2027, 10:00" in parts["text/plain"]
    assert '<a href="https://rail.example/connections/1">' in parts["text/html"]
    assert "Teatrul «Mare» &amp; Söhne" in parts["text/html"]
    assert not [word for word in ("<img", "<link", "<script", "url(") if word in parts["text/html"]]
    assert mail_server.signed_in != []
    assert newest(marketplace).state == "sent"


def test_a_temporary_refusal_is_tried_again_with_the_same_id(
    marketplace: Marketplace, mail_server: MailServerForTests, admin_connection: Admin
) -> None:
    mail_server.answers = [b"451 greylisted, come back"]
    write(marketplace)
    work()
    first = newest(marketplace)
    assert (first.state, first.attempts, first.last_error) == ("queued", 1, "the mail server answered 451")
    jobs.sweep()
    work()
    assert mail_server.taken == [], "not before the pause is over"

    try_again(admin_connection)
    assert len(mail_server.taken) == 1
    assert (newest(marketplace).state, newest(marketplace).attempts) == ("sent", 2)
    try_again(admin_connection)
    assert len(mail_server.taken) == 1


def test_a_permanent_refusal_is_not_tried_again(
    marketplace: Marketplace, mail_server: MailServerForTests, admin_connection: Admin
) -> None:
    mail_server.answers = [b"550 no such mailbox for somebody@private.example"]
    write(marketplace)
    work()
    try_again(admin_connection)

    mail = newest(marketplace)
    assert (mail.state, mail.attempts, mail.last_error) == ("failed", 1, "the mail server answered 550")
    assert mail_server.taken == []


def test_a_mail_server_that_is_away_is_tried_for_a_day_and_then_no_more(
    marketplace: Marketplace, admin_connection: Admin
) -> None:
    with use_environment(ADRAIL_SMTP_URL="smtp://127.0.0.1:9?tls=none", ADRAIL_MAIL_FROM="adrail@rail.example"):
        write(marketplace)
        work()
        assert newest(marketplace).state == "queued"
        for _ in range(8):
            try_again(admin_connection)

    mail = newest(marketplace)
    assert (mail.state, mail.attempts) == ("failed", 8)
    assert mail.last_error == "the mail server could not be used (ConnectionRefusedError)"


def test_the_same_occasion_is_told_once_and_another_one_again(
    marketplace: Marketplace, mail_server: MailServerForTests
) -> None:
    for occasion in ("1", "2"):
        write(marketplace, occasion)
        with tenant_session(marketplace.tenant_id) as session:
            again = told(session, marketplace, occasion)
        assert again == 0
    work()
    assert len(mail_server.taken) == 2


def test_a_change_that_is_rolled_back_tells_nobody(marketplace: Marketplace, mail_server: MailServerForTests) -> None:
    marketplace.create_user(f"a@{marketplace.slug}.example", "a long enough password", role="admin")
    with tenant_session(marketplace.tenant_id) as session:
        assert told(session, marketplace, "1") == 1
        session.rollback()
    work()
    assert mail_server.taken == []
    assert list_mails(marketplace.staff).items == []


def test_html_shows_text_as_text() -> None:
    page = as_html('<script>x</script>\n\nhttps://rail.example/?a=1&b="2"')
    assert "<script" not in page
    assert '<a href="https://rail.example/?a=1&amp;b=&quot;2&quot;">' in page


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://mail.example", "must be like smtp://"),
        ("smtp://mail.example?tls=maybe", "tls must be"),
        ("smtp://ana:hidden-word@mail.example?tls=none", "must not travel without tls"),
        ("smtp://mail.example:notaport", "must be like smtp://"),
    ],
)
def test_a_mail_server_that_cannot_be_used_stops_the_start(database: str, url: str, complaint: str) -> None:
    with (
        use_environment(ADRAIL_SMTP_URL=url, ADRAIL_MAIL_FROM="adrail@rail.example"),
        pytest.raises(ConfigError, match=complaint) as caught,
    ):
        load_settings()
    assert "hidden-word" not in str(caught.value)


def test_a_mail_server_needs_a_sender(database: str) -> None:
    with (
        use_environment(ADRAIL_SMTP_URL="smtp://mail.example"),
        pytest.raises(ConfigError, match="ADRAIL_MAIL_FROM must be set"),
    ):
        load_settings()


def test_everybody_is_told_in_their_language(marketplace: Marketplace, mail_server: MailServerForTests) -> None:
    number = marketplace.create_user(f"ro@{marketplace.slug}.example", "a long enough password", role="admin")
    set_language(Actor(marketplace.tenant_id, "user", f"user:{number}", user_id=number), "ro")

    write(marketplace)

    mails = {mail.recipient.partition("@")[0]: mail for mail in list_mails(marketplace.staff).items}
    assert mails["ro"].subject == "Example Ads nu mai acceptă conversii pentru Teatrul «Mare» & Söhne"
    assert "Din 3 mai 2027, 10:00 (Europe/Bucharest) nu s-a mai trimis nimic acolo." in mails["ro"].body
    assert "Nothing has been sent there since 3 May 2027, 10:00 (Europe/Bucharest)." in mails["a"].body
