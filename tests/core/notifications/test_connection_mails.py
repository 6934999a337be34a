"""Dead credentials: the people who can mend them are told once, nothing is lost, and they hear when it works again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests
from flask.testing import FlaskClient

from adrail.sandbox import SandboxServer
from core.codes.api import get_code
from core.connections.api import check, get_connection, pause, replace_secrets, resume
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.notifications import jobs
from core.notifications.api import MailView, get_mail, list_mails
from core.notifications.models import Mail
from tests.core.notifications.mail_server import MailServerForTests
from tests.marketplace import Marketplace
from tests.pipeline import run_pipeline, work
from tests.platform_records import conversions, reset
from tests.process_state import use_environment

PIXEL = "123456789012345"
DEAD_TOKEN, NEW_TOKEN = "canary-dead-0f3a9c2b7d", "canary-new-55aa10ce21"
PASSWORD = "a long enough password"
Admin = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def fresh_sandbox(sandbox: SandboxServer) -> None:
    reset(sandbox.url)


@pytest.fixture
def connection(marketplace: Marketplace) -> int:
    """The connection of org-1, with an owner and a manager, an analyst who cannot mend, and the marketplace's admin."""
    for role in ("owner", "manager", "analyst"):
        marketplace.create_user(f"{role}@{marketplace.slug}.example", PASSWORD, role=role, organizer="org-1")
    marketplace.create_user(f"admin@{marketplace.slug}.example", PASSWORD, role="admin")
    code = marketplace.add_code("meta", "own", PIXEL, organizer="org-1", settings={"access_token": DEAD_TOKEN})
    found = get_code(marketplace.staff, code).connection_id
    assert found is not None
    return found


@pytest.fixture
def mail_server() -> Iterator[MailServerForTests]:
    """A mail server that this process' settings name."""
    with (
        MailServerForTests() as server,
        use_environment(ADRAIL_SMTP_URL=server.url, ADRAIL_MAIL_FROM="adrail@rail.example"),
    ):
        yield server


def expire_tokens(sandbox: SandboxServer, pixel: str = PIXEL) -> None:
    wish: dict[str, Any] = {
        "platform": "meta",
        "kind": "expired_token",
        "count": None,
        "match": {"path_contains": pixel},
    }
    requests.post(f"{sandbox.url}/_sandbox/faults", json=wish, timeout=30).raise_for_status()


def buy(client: FlaskClient, marketplace: Marketplace, *numbers: str) -> None:
    for number in numbers:
        answer = client.post("/api/v1/orders", json=marketplace.order(number), headers=marketplace.bearer())
        assert answer.status_code == 201, answer.text
        run_pipeline()


def mails(marketplace: Marketplace) -> list[MailView]:
    return list_mails(marketplace.staff).items[::-1]


def let_time_pass(admin: Admin) -> None:
    admin.execute("UPDATE mails SET next_attempt_at = now() WHERE state = 'queued'")
    jobs.sweep()
    work()


def test_a_dead_token_is_told_once_to_each_who_can_mend_it_and_nothing_is_lost(
    client: FlaskClient,
    marketplace: Marketplace,
    connection: int,
    sandbox: SandboxServer,
    mail_server: MailServerForTests,
    admin_connection: Admin,
) -> None:
    expire_tokens(sandbox)
    orders = ("A-1", "A-2", "A-3", "A-4")
    buy(client, marketplace, *orders)

    assert get_connection(marketplace.staff, connection).state == "needs_reconnect"
    written = mails(marketplace)
    assert [(mail.kind, mail.state) for mail in written] == [("connection_stopped", "sent")] * 2
    assert {mail.recipient.partition("@")[0] for mail in written} == {"owner", "manager"}
    assert sorted(message["To"] for message in mail_server.taken) == sorted(mail.recipient for mail in written)
    assert f"http://127.0.0.1:8700/connections/{connection}" in written[0].body

    reset(sandbox.url)
    replace_secrets(marketplace.organizer("org-1"), connection, {"access_token": NEW_TOKEN})
    run_pipeline()
    sent = [item["custom_data"]["order_id"] for item in conversions(sandbox.url)]
    assert sorted(sent) == sorted(orders)

    assert len(mail_server.taken) == 2, "good news waits until the new token has proved itself"
    let_time_pass(admin_connection)
    assert [(mail.kind, mail.state) for mail in mails(marketplace)[2:]] == [("connection_working", "sent")] * 2
    assert len(mail_server.taken) == 4


def test_no_mail_holds_a_token_or_anything_of_a_buyer(
    client: FlaskClient,
    marketplace: Marketplace,
    connection: int,
    sandbox: SandboxServer,
    mail_server: MailServerForTests,
    admin_connection: Admin,
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")
    replace_secrets(marketplace.staff, connection, {"access_token": NEW_TOKEN})
    let_time_pass(admin_connection)

    texts = [message.as_string() for message in mail_server.taken]
    rows = admin_connection.execute("SELECT to_jsonb(mails)::text FROM mails").fetchall()
    for text in [*texts, *(str(row[0]) for row in rows)]:
        for secret in (DEAD_TOKEN, NEW_TOKEN, "Popescu", "popescu", "712 345", "198.51.100.7", "A-1"):
            assert secret not in text
    assert not [row for row in rows if f"@{marketplace.slug}.example" in str(row[0])]


def test_a_new_token_that_is_refused_at_once_brings_neither_good_news_nor_the_bad_again(
    client: FlaskClient,
    marketplace: Marketplace,
    connection: int,
    sandbox: SandboxServer,
    mail_server: MailServerForTests,
    admin_connection: Admin,
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")
    replace_secrets(marketplace.staff, connection, {"access_token": NEW_TOKEN})
    buy(client, marketplace, "A-2")
    let_time_pass(admin_connection)

    assert get_connection(marketplace.staff, connection).state == "needs_reconnect"
    assert [mail.kind for mail in mails(marketplace)] == ["connection_stopped"] * 2


def test_a_new_token_is_good_news_once_the_platform_has_taken_it_and_not_before(
    client: FlaskClient,
    marketplace: Marketplace,
    connection: int,
    sandbox: SandboxServer,
    mail_server: MailServerForTests,
    admin_connection: Admin,
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")
    admin_connection.execute("DELETE FROM delivery_attempts; DELETE FROM conversion_deliveries")
    reset(sandbox.url)
    replace_secrets(marketplace.staff, connection, {"access_token": NEW_TOKEN})
    pause(marketplace.staff, connection)
    resume(marketplace.staff, connection)
    let_time_pass(admin_connection)
    assert get_connection(marketplace.staff, connection).state == "active"
    assert [mail.kind for mail in mails(marketplace)] == ["connection_stopped"] * 2

    buy(client, marketplace, "A-2", "A-3")
    let_time_pass(admin_connection)
    assert [mail.kind for mail in mails(marketplace)[2:]] == ["connection_working"] * 2


def test_a_check_by_hand_that_succeeds_is_good_news(
    client: FlaskClient, marketplace: Marketplace, connection: int, sandbox: SandboxServer
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")
    reset(sandbox.url)
    assert check(marketplace.staff, connection).ok
    assert [mail.kind for mail in mails(marketplace)[2:]] == ["connection_working"] * 2


def test_a_token_that_turns_out_bad_long_after_it_was_pasted_is_news(
    client: FlaskClient, marketplace: Marketplace, connection: int, sandbox: SandboxServer, admin_connection: Admin
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")
    replace_secrets(marketplace.staff, connection, {"access_token": NEW_TOKEN})
    admin_connection.execute("UPDATE connections SET state_since = now() - interval '1 day'")
    buy(client, marketplace, "A-2")
    assert [mail.kind for mail in mails(marketplace)] == ["connection_stopped"] * 4


def test_the_marketplaces_own_connection_is_told_to_its_admins(
    client: FlaskClient, marketplace: Marketplace, connection: int, sandbox: SandboxServer
) -> None:
    code = marketplace.add_code("meta", "whole", "123456789012399")
    expire_tokens(sandbox, "123456789012399")
    buy(client, marketplace, "A-1")

    whole = get_code(marketplace.staff, code).connection_id
    assert [
        (mail.recipient.partition("@")[0], f"/connections/{whole}" in mail.body) for mail in mails(marketplace)
    ] == [("admin", True)]


def test_without_mail_server_mails_are_kept_and_visible(
    client: FlaskClient, marketplace: Marketplace, connection: int, sandbox: SandboxServer
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")

    assert [(mail.state, mail.attempts) for mail in mails(marketplace)] == [("kept", 0)] * 2


def test_other_marketplaces_and_organisers_see_none_of_it(
    client: FlaskClient,
    marketplace: Marketplace,
    other_marketplace: Marketplace,
    connection: int,
    sandbox: SandboxServer,
) -> None:
    expire_tokens(sandbox)
    buy(client, marketplace, "A-1")
    mail = mails(marketplace)[0]

    assert mails(other_marketplace) == []
    assert list_mails(marketplace.organizer("org-2")).items == []
    for stranger in (other_marketplace.staff, marketplace.organizer("org-2")):
        with pytest.raises(NotFoundError):
            get_mail(stranger, mail.id)
    with tenant_session(other_marketplace.tenant_id) as session:
        assert session.query(Mail).count() == 0
