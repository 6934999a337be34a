"""Signing in: who gets in, who does not, and how often one may try."""

from __future__ import annotations

import itertools
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher

from core.accounts import sign_in as signing_in
from core.accounts.api import create_user, load_profile, set_password, sign_in, user_with_email
from core.errors import ConflictError, InvalidInputError, TooManyRequestsError, UnavailableError
from core.security import tokens
from tests.marketplace import Marketplace
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]
PASSWORD = "a long enough password"
_addresses = (f"203.0.{number >> 8}.{number & 255}" for number in itertools.count(1))


TRIES_PER_EMAIL, TRIES_PER_ADDRESS = 2, 4


@pytest.fixture(autouse=True)
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking a password takes long on purpose; here hashes are cheap and limits low."""
    assert (signing_in.TRIES_PER_EMAIL, signing_in.TRIES_PER_ADDRESS) == (10, 30)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(tokens, "_hasher", lambda: cheap)
    tokens._nobody.cache_clear()
    monkeypatch.setattr(signing_in, "TRIES_PER_EMAIL", TRIES_PER_EMAIL)
    monkeypatch.setattr(signing_in, "TRIES_PER_ADDRESS", TRIES_PER_ADDRESS)


@pytest.fixture
def address() -> str:
    """A client address that nobody has tried from."""
    return next(_addresses)


@pytest.fixture
def email(marketplace: Marketplace) -> str:
    """The address of a member of staff of the first organiser."""
    made = f"ana@{marketplace.slug}.example"
    marketplace.create_user(made, PASSWORD, organizer="org-1")
    return made


def fail(email: str, address: str, times: int) -> None:
    """Try a wrong password so many times."""
    for _ in range(times):
        assert sign_in(email, "wrong", client_address=address) is None


def test_the_right_password_gives_the_profile(marketplace: Marketplace, email: str, address: str) -> None:
    profile = sign_in(f"  {email.upper()} ", PASSWORD, client_address=address)
    assert profile is not None
    assert (profile.email, profile.display_name) == (email, "Test Person")
    assert (profile.tenant_name, profile.organizer_name) == ("Test Tickets", "Organiser org-1")
    assert (profile.time_zone, profile.currency) == ("Europe/Bucharest", "RON")
    assert profile.actor.tenant_id == marketplace.tenant_id
    assert profile.actor.organizer_id == marketplace.organizers["org-1"]
    assert profile.actor.label == f"user:{profile.actor.user_id}"
    assert "manage_tracking_codes" in profile.actor.permissions
    assert "admin" not in profile.actor.permissions


@pytest.mark.parametrize(("role", "has", "lacks"), [("admin", "admin", "nothing"), ("analyst", "view_events", "admin")])
def test_roles_decide_what_one_may(marketplace: Marketplace, address: str, role: str, has: str, lacks: str) -> None:
    email = f"{role}@{marketplace.slug}.example"
    marketplace.create_user(email, PASSWORD, role=role)
    profile = sign_in(email, PASSWORD, client_address=address)
    assert profile is not None
    assert profile.actor.organizer_id is None
    assert has in profile.actor.permissions
    assert lacks not in profile.actor.permissions


def test_wrong_unknown_and_disabled_are_answered_alike(email: str, address: str, admin_connection: Admin) -> None:
    assert sign_in(email, PASSWORD + "!", client_address=address) is None
    assert sign_in("nobody@nowhere.example", PASSWORD, client_address=address) is None
    assert sign_in("", "", client_address=address) is None
    user = user_with_email(email)
    admin_connection.execute("UPDATE users SET disabled_at = now() WHERE id = %s", [user])
    assert sign_in(email, PASSWORD, client_address=address) is None
    assert user is not None
    assert load_profile(user) is None


def test_members_of_a_closed_marketplace_get_no_profile(
    marketplace: Marketplace, email: str, address: str, admin_connection: Admin
) -> None:
    admin_connection.execute("UPDATE tenants SET status = 'closed' WHERE id = %s", [marketplace.tenant_id])
    assert sign_in(email, PASSWORD, client_address=address) is None


def test_a_profile_is_of_a_marketplace_one_belongs_to(
    marketplace: Marketplace, other_marketplace: Marketplace, email: str
) -> None:
    user = user_with_email(email)
    assert user is not None
    assert load_profile(user, marketplace.tenant_id) is not None
    assert load_profile(user, other_marketplace.tenant_id) is None


def test_an_address_is_locked_after_too_many_failures_from_anywhere(email: str) -> None:
    for _ in range(TRIES_PER_EMAIL):
        fail(email, next(_addresses), 1)
    with pytest.raises(TooManyRequestsError) as caught:
        sign_in(email, PASSWORD, client_address=next(_addresses))
    assert 0 < caught.value.retry_after <= 300


def test_one_client_may_not_try_many_addresses(email: str, address: str) -> None:
    for number in range(TRIES_PER_ADDRESS):
        fail(f"{number}@guess.example", address, 1)
    with pytest.raises(TooManyRequestsError):
        sign_in(email, PASSWORD, client_address=address)
    assert sign_in(email, PASSWORD, client_address=next(_addresses)) is not None


def test_neighbours_in_one_ipv6_network_count_together(email: str) -> None:
    for number in range(TRIES_PER_ADDRESS):
        fail(f"{number}@guess6.example", f"2001:db8:7:7::{number:x}", 1)
    with pytest.raises(TooManyRequestsError):
        sign_in(email, PASSWORD, client_address="2001:db8:7:7:ffff::1")
    assert sign_in(email, PASSWORD, client_address="2001:db8:7:8::1") is not None


def test_success_counts_against_nobody(email: str, address: str) -> None:
    for _ in range(3):
        fail(email, address, TRIES_PER_EMAIL - 1)
        assert sign_in(email, PASSWORD, client_address=address) is not None
    for _ in range(TRIES_PER_ADDRESS):
        assert sign_in(email, PASSWORD, client_address=address) is not None


def test_without_valkey_nobody_gets_in_uncounted(email: str, address: str) -> None:
    with use_environment(REDIS_URL="redis://127.0.0.1:1/0"), pytest.raises(UnavailableError):
        sign_in(email, PASSWORD, client_address=address)


def test_a_new_password_replaces_the_old_one_and_ends_sessions(email: str, address: str) -> None:
    before = sign_in(email, PASSWORD, client_address=address)
    assert before is not None
    assert before.actor.user_id is not None
    set_password(before.actor.user_id, "another long password")
    assert sign_in(email, PASSWORD, client_address=address) is None
    after = sign_in(email, "another long password", client_address=address)
    assert after is not None
    assert after.sign_in_version == before.sign_in_version + 1
    with pytest.raises(InvalidInputError):
        set_password(before.actor.user_id, "short")


def test_the_table_holds_neither_address_nor_name_nor_password(email: str, admin_connection: Admin) -> None:
    rows = admin_connection.execute("SELECT u::text FROM users u").fetchall()
    hexadecimal = [value.encode().hex() for value in (email, "Test Person", PASSWORD)]
    for (row,) in rows:
        assert not any(secret in row for secret in (email, "Test Person", PASSWORD, *hexadecimal))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "ana"}, "/email"),
        ({"email": "ana@example"}, "/email"),
        ({"email": "a b@example.com"}, "/email"),
        ({"password": "short"}, "/password"),
        ({"password": "x" * 501}, "/password"),
        ({"role": "king"}, "/role"),
    ],
)
def test_users_that_cannot_be_are_refused(marketplace: Marketplace, change: dict[str, str], pointer: str) -> None:
    values: dict[str, Any] = {
        "email": f"new@{marketplace.slug}.example",
        "password": PASSWORD,
        "role": "owner",
        **change,
    }
    with pytest.raises(InvalidInputError) as caught:
        create_user(tenant_id=marketplace.tenant_id, display_name="New", **values)
    assert [problem.pointer for problem in caught.value.errors] == [pointer]


def test_an_address_belongs_to_one_user(marketplace: Marketplace, email: str) -> None:
    with pytest.raises(ConflictError) as caught:
        marketplace.create_user(email.upper(), PASSWORD)
    assert caught.value.code == "email_taken"
