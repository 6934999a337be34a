"""Letters with a secret link: the link is in the mail and nowhere else, before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from core.accounts.api import invite, open_invitation
from core.notifications import jobs
from tests.core.accounts.mailbox import mails_to, token_for
from tests.core.notifications.mail_server import MailServerForTests
from tests.marketplace import Marketplace
from tests.pipeline import work
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def mail_server() -> Iterator[MailServerForTests]:
    """A mail server that this process' settings name."""
    with (
        MailServerForTests() as server,
        use_environment(ADRAIL_SMTP_URL=server.url, ADRAIL_MAIL_FROM="adrail@rail.example"),
    ):
        yield server


def invited(marketplace: Marketplace) -> str:
    """Invite somebody; returns their address."""
    email = f"new@{marketplace.slug}.example"
    invite(marketplace.staff, email=email, role="analyst")
    return email


def test_the_mail_carries_a_link_that_works_and_is_kept_no_longer(
    marketplace: Marketplace, mail_server: MailServerForTests, admin_connection: Admin
) -> None:
    email = invited(marketplace)
    token = token_for(email)

    work()

    letter = next(item for item in mail_server.taken if item["To"] == email)
    for part in ("plain", "html"):
        body = letter.get_body((part,))
        assert body is not None
        assert f"/invitation/{token}" in body.get_content()
    assert open_invitation(token).email == email
    mail = mails_to(email)[0]
    assert (mail.state, token in mail.body, "(…)" in mail.body) == ("sent", False, True)
    kept = admin_connection.execute("SELECT secret_ciphertext FROM mails WHERE id = %s", [mail.id]).fetchone()
    assert kept == (None,)


def test_a_letter_that_waits_keeps_its_link_for_the_next_try(
    marketplace: Marketplace, mail_server: MailServerForTests, admin_connection: Admin
) -> None:
    mail_server.answers = [b"450 later"]
    email = invited(marketplace)
    work()
    assert mails_to(email)[0].state == "queued"

    admin_connection.execute("UPDATE mails SET next_attempt_at = now() WHERE state = 'queued'")
    jobs.sweep()
    work()

    assert mails_to(email)[0].state == "sent"
    assert any("/invitation/ak_invite_" in str(item) for item in mail_server.taken)


def test_a_letter_that_is_refused_for_good_forgets_its_link(
    marketplace: Marketplace, mail_server: MailServerForTests
) -> None:
    mail_server.answers = [b"550 nobody here"]
    email = invited(marketplace)
    work()

    mail = mails_to(email)[0]
    assert (mail.state, "(…)" in mail.body) == ("failed", True)
