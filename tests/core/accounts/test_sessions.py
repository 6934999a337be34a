"""Sessions: they end when they should, and a stolen cookie is worth nothing afterwards."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher

from core.accounts import sessions
from core.accounts.api import (
    Profile,
    act_for,
    change_password,
    close_session,
    confirm_session,
    disable_user,
    find_session,
    invite,
    list_sessions,
    open_session,
    remove_member,
    revoke_other_sessions,
    revoke_session,
    sign_in,
    workplaces,
)
from core.accounts.joining import accept_as_user
from core.errors import InvalidInputError, NotFoundError
from core.security import tokens
from tests.core.accounts.conftest import PASSWORD, Make
from tests.core.accounts.mailbox import mails_to, token_for
from tests.marketplace import Marketplace

Admin = psycopg.Connection[tuple[Any, ...]]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"
NEW = "another long password"


def opened(profile: Profile, agent: str = FIREFOX, address: str = "198.51.100.7") -> tuple[str, int]:
    """Open a session; returns its token and id."""
    token = open_session(profile, user_agent=agent, client_address=address)
    found = find_session(token)
    assert found is not None
    return token, found.id


def test_sessions_are_listed_as_people_recognise_them(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    _token, telephone = opened(me, IPHONE, "2001:db8:1:2:3::4")
    _token, here = opened(me)

    listed = list_sessions(me.actor, here)

    assert [(item.id, item.device, item.address, item.current) for item in listed] == [
        (here, "Firefox · Linux", "198.51.100.0/24", True),
        (telephone, "Safari · iPhone", "2001:db8:1::/48", False),
    ]
    assert list_sessions(somebody().actor, None) == []


@pytest.mark.parametrize(
    ("agent", "name"), [("", ""), ("curl/8.0", ""), ("Chrome/140 Edg/140 Windows", "Edge · Windows")]
)
def test_a_device_is_named_coarsely(agent: str, name: str) -> None:
    assert sessions.device_name(agent) == name


@pytest.mark.parametrize(
    ("address", "shown"), [("203.0.113.9", "203.0.113.0/24"), ("::ffff:203.0.113.9", "203.0.113.0/24"), ("strange", "")]
)
def test_an_address_is_kept_as_a_network_only(address: str, shown: str) -> None:
    assert sessions.coarse_address(address) == shown


def test_a_revoked_session_is_nobody(marketplace: Marketplace, somebody: Make) -> None:
    me, stranger = somebody(), somebody()
    (first, first_id), (second, second_id), (third, _third_id) = opened(me), opened(me), opened(me)

    with pytest.raises(NotFoundError):
        revoke_session(stranger.actor, first_id)
    assert find_session(first) is not None
    revoke_session(me.actor, first_id)
    assert find_session(first) is None
    with pytest.raises(NotFoundError):
        revoke_session(me.actor, first_id)

    assert revoke_other_sessions(me.actor, second_id) == 1
    assert find_session(third) is None
    close_session(second_id)
    assert find_session(second) is None


@pytest.mark.parametrize("how", ["expired", "disabled", "removed", "password", "closed", "invented"])
def test_a_session_ends_with_what_it_stands_on(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin, how: str
) -> None:
    me = somebody(organizer="org-1")
    token, _number = opened(me)
    if how == "expired":
        admin_connection.execute("UPDATE user_sessions SET expires_at = now()")
    elif how == "disabled":
        disable_user(me.actor.user_id or 0)
    elif how == "removed":
        remove_member(marketplace.staff, me.actor.membership_id or 0)
    elif how == "password":
        admin_connection.execute("UPDATE users SET sign_in_version = sign_in_version + 1")
    elif how == "closed":
        admin_connection.execute("UPDATE tenants SET status = 'closed' WHERE id = %s", [marketplace.tenant_id])
    else:
        token += "x"

    assert find_session(token) is None


def test_a_session_that_is_used_goes_on_but_not_for_ever(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin
) -> None:
    token, _number = opened(somebody())
    admin_connection.execute(
        "UPDATE user_sessions SET last_seen_at = now() - interval '2 h', expires_at = now() + '1 h'"
    )
    assert find_session(token) is not None
    left = "SELECT max(extract(epoch FROM expires_at - now())) FROM user_sessions"
    row = admin_connection.execute(left).fetchone()
    assert row is not None
    assert 11 * 3600 < row[0] <= 12 * 3600

    admin_connection.execute(
        "UPDATE user_sessions SET last_seen_at = now() - interval '2 h', created_at = now() - interval '14 days'"
    )
    assert find_session(token) is not None
    assert find_session(token) is None


def test_the_password_is_fresh_for_a_quarter_of_an_hour(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin
) -> None:
    token, number = opened(somebody())
    found = find_session(token)
    assert found is not None
    assert found.fresh
    admin_connection.execute("UPDATE user_sessions SET confirmed_at = now() - interval '16 min'")
    found = find_session(token)
    assert found is not None
    assert not found.fresh
    confirm_session(number)
    found = find_session(token)
    assert found is not None
    assert found.fresh


def test_a_new_password_ends_all_other_sessions_and_is_told(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    (here, number), (there, _other) = opened(me), opened(me)

    with pytest.raises(InvalidInputError) as caught:
        change_password(me.actor, number, current="wrong", new=NEW)
    assert [item.pointer for item in caught.value.errors] == ["/current"]
    for bad in ("short", "aaaaaaaaaaaaaaaa", "x" * 501):
        with pytest.raises(InvalidInputError):
            change_password(me.actor, number, current=PASSWORD, new=bad)
    change_password(me.actor, number, current=PASSWORD, new=NEW)

    assert find_session(there) is None
    assert find_session(here) is not None
    assert sign_in(me.email, NEW, client_address="198.51.100.50") is not None
    assert mails_to(me.email)[0].subject == "Your password was changed"


def test_one_session_goes_on_under_another_membership(
    marketplace: Marketplace, other_marketplace: Marketplace, somebody: Make
) -> None:
    me = somebody(organizer="org-1")
    invite(other_marketplace.staff, email=me.email, role="analyst")
    accept_as_user(token_for(me.email), me.actor.user_id or 0)
    token, number = opened(me)
    there = workplaces(me.actor.user_id or 0)[1].membership_id

    act_for(me.actor, number, there)

    found = find_session(token)
    assert found is not None
    assert found.profile.actor.tenant_id == other_marketplace.tenant_id
    assert "manage_tracking_codes" not in found.profile.actor.permissions
    with pytest.raises(NotFoundError):
        act_for(me.actor, number, somebody().actor.membership_id or 0)


def test_an_outdated_hash_is_renewed_when_its_person_signs_in(
    marketplace: Marketplace, somebody: Make, monkeypatch: pytest.MonkeyPatch, admin_connection: Admin
) -> None:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(tokens, "_hasher", lambda: hasher)
    me = somebody()
    query = "SELECT password_hash FROM users WHERE id = %s"
    before = admin_connection.execute(query, [me.actor.user_id]).fetchone()
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(tokens, "_hasher", lambda: stronger)

    assert sign_in(me.email, "not it at all", client_address="198.51.100.51") is None
    assert admin_connection.execute(query, [me.actor.user_id]).fetchone() == before
    assert sign_in(me.email, PASSWORD, client_address="198.51.100.51") is not None

    after = admin_connection.execute(query, [me.actor.user_id]).fetchone()
    assert after is not None
    assert "m=16,t=2" in after[0]
    assert sign_in(me.email, PASSWORD, client_address="198.51.100.51") is not None


def test_the_cookies_token_is_not_in_the_database(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin
) -> None:
    token, _number = opened(somebody())
    rows = admin_connection.execute("SELECT s::text FROM user_sessions s").fetchall()
    assert rows
    assert not any(token in row or "198.51.100.7" in row for (row,) in rows)
