"""Keys that end: whoever looks after them hears of it 14 and 2 days before, once each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from core.accounts import key_jobs
from core.accounts.api import KeyWish, issue_key, revoke_key, rotate_key
from core.notifications.api import MailView, list_mails
from tests.marketplace import Marketplace

PASSWORD = "a long enough password"
Admin = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def staffed(marketplace: Marketplace) -> Marketplace:
    """A marketplace with an administrator, and an owner and an analyst of its first organiser."""
    marketplace.create_user(f"admin@{marketplace.slug}.example", PASSWORD, role="admin")
    for role in ("owner", "analyst"):
        marketplace.create_user(f"{role}@{marketplace.slug}.example", PASSWORD, role=role, organizer="org-1")
    return marketplace


def key_ending_in(marketplace: Marketplace, admin: Admin, organizer: str | None = None, **span: float) -> int:
    """A key that was made two months ago."""
    kind = "organizer" if organizer else "server"
    end = datetime.now(UTC) + timedelta(**span)
    made = issue_key(marketplace.staff, KeyWish(kind, f"{kind} key", organizer, expires_at=end))
    admin.execute("UPDATE api_keys SET created_at = now() - interval '60 days' WHERE id = %s", [made.view.id])
    return made.view.id


def mails(marketplace: Marketplace) -> list[MailView]:
    return [mail for mail in list_mails(marketplace.staff).items if mail.kind == "key_ending"]


@pytest.mark.parametrize(("days", "told"), [(14.5, 0), (13.9, 1), (2.1, 1), (1.9, 1), (0.01, 1)])
def test_people_hear_of_an_end_that_is_near(
    staffed: Marketplace, admin_connection: Admin, days: float, told: int
) -> None:
    key_ending_in(staffed, admin_connection, days=days)
    for _ in range(3):
        key_jobs.warn()
    found = mails(staffed)
    assert [mail.recipient for mail in found] == [f"admin@{staffed.slug}.example"] * told
    for mail in found:
        assert "The key server key of Test Tickets ends on" in mail.subject
        assert "(Europe/Bucharest)" in mail.body
        assert "/keys/" in mail.body
        assert "ak_server_" in mail.body


def test_both_warnings_come_as_time_goes_by(staffed: Marketplace, admin_connection: Admin) -> None:
    number = key_ending_in(staffed, admin_connection, days=10)
    key_jobs.warn()
    admin_connection.execute("UPDATE api_keys SET expires_at = now() + interval '1 day' WHERE id = %s", [number])
    key_jobs.warn()
    key_jobs.warn()
    assert len(mails(staffed)) == 2


def test_an_organisers_own_people_hear_of_its_token(staffed: Marketplace, admin_connection: Admin) -> None:
    key_ending_in(staffed, admin_connection, "org-1", days=1)
    key_ending_in(staffed, admin_connection, "org-2", days=1)
    key_jobs.warn()
    told = {(mail.recipient, "Organiser org-1" in mail.subject) for mail in mails(staffed)}
    # An organiser without people is looked after by the marketplace.
    assert told == {(f"owner@{staffed.slug}.example", True), (f"admin@{staffed.slug}.example", False)}


def test_keys_that_end_on_purpose_are_nobodys_worry(staffed: Marketplace, admin_connection: Admin) -> None:
    rotate_key(staffed.staff, key_ending_in(staffed, admin_connection, days=100), overlap=timedelta(hours=30))
    revoke_key(staffed.staff, key_ending_in(staffed, admin_connection, days=1))
    admin_connection.execute(
        "UPDATE api_keys SET expires_at = now() - interval '1 hour' WHERE id = %s",
        [key_ending_in(staffed, admin_connection, days=1)],
    )
    issue_key(staffed.staff, KeyWish("server", "for today", expires_at=datetime.now(UTC) + timedelta(hours=8)))
    key_jobs.warn()
    assert mails(staffed) == []
