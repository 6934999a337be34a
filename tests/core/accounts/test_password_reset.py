"""A forgotten password: a link by mail, once and for an hour, and no word about who has an account."""

from __future__ import annotations

import itertools
from typing import Any

import psycopg
import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from core.accounts.api import (
    ask_for_reset,
    disable_user,
    find_session,
    open_session,
    reset_is_open,
    reset_password,
    sign_in,
    write_reset,
)
from core.accounts.jobs import sweep
from core.errors import InvalidInputError, NotFoundError, TooManyRequestsError, UnavailableError
from core.jobs import DEFAULT, queue
from core.valkey import client
from tests.core.accounts.conftest import PASSWORD, Make
from tests.core.accounts.mailbox import mails_to, token_for
from tests.marketplace import Marketplace
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]
NEW = "another long password"
_addresses = (f"192.0.2.{number}" for number in itertools.count(1))


def test_somebody_who_forgot_chooses_a_new_password(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    session = open_session(me, user_agent="", client_address="")

    ask_for_reset(f" {me.email.upper()} ", client_address=next(_addresses))
    SimpleWorker([queue(DEFAULT)], connection=client(), serializer=JSONSerializer).work(burst=True)
    token = token_for(me.email)
    assert reset_is_open(token)
    reset_password(token, NEW)

    assert sign_in(me.email, PASSWORD, client_address=next(_addresses)) is None
    assert sign_in(me.email, NEW, client_address=next(_addresses)) is not None
    assert find_session(session) is None
    assert mails_to(me.email)[0].kind == "password_changed"


def test_nothing_tells_whether_an_address_is_known(marketplace: Marketplace, somebody: Make) -> None:
    jobs = queue(DEFAULT)
    jobs.empty()  # type: ignore[no-untyped-call]
    ask_for_reset(somebody().email, client_address=next(_addresses))
    ask_for_reset("nobody@nowhere.example", client_address=next(_addresses))
    assert [job.func_name for job in jobs.jobs] == ["core.accounts.jobs.write_reset"] * 2
    jobs.empty()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("how", ["used", "expired", "newer", "disabled", "invented"])
def test_links_that_ended_change_nothing(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin, how: str
) -> None:
    me = somebody()
    token = write_reset(me.actor.user_id or 0)
    assert token is not None
    if how == "used":
        reset_password(token, PASSWORD)
    elif how == "expired":
        admin_connection.execute("UPDATE password_resets SET expires_at = now() - interval '1 second'")
    elif how == "newer":
        admin_connection.execute("UPDATE password_resets SET created_at = now() - interval '2 min'")
        second = write_reset(me.actor.user_id or 0)
        assert second is not None
        reset_password(second, PASSWORD)
    elif how == "disabled":
        disable_user(me.actor.user_id or 0)
    else:
        token += "x"

    assert not reset_is_open(token)
    with pytest.raises(NotFoundError):
        reset_password(token, NEW)
    assert sign_in(me.email, NEW, client_address=next(_addresses)) is None


def test_a_password_that_cannot_be_used_leaves_the_link_open(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    token = write_reset(me.actor.user_id or 0) or ""
    with pytest.raises(InvalidInputError):
        reset_password(token, "short")
    assert reset_is_open(token)


def test_one_mail_a_minute_is_enough(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    assert write_reset(me.actor.user_id or 0) is not None
    assert write_reset(me.actor.user_id or 0) is None
    assert write_reset(0) is None
    assert len(mails_to(me.email)) == 1


def test_links_cannot_be_asked_for_without_end(marketplace: Marketplace) -> None:
    email = f"many@{marketplace.slug}.example"
    for _ in range(5):
        ask_for_reset(email, client_address=next(_addresses))
    with pytest.raises(TooManyRequestsError):
        ask_for_reset(email, client_address=next(_addresses))
    queue(DEFAULT).empty()  # type: ignore[no-untyped-call]


def test_without_valkey_nothing_is_promised(marketplace: Marketplace) -> None:
    with use_environment(REDIS_URL="redis://127.0.0.1:1/0"), pytest.raises(UnavailableError):
        ask_for_reset(f"x@{marketplace.slug}.example", client_address=next(_addresses))


def test_what_ended_long_ago_is_erased(marketplace: Marketplace, somebody: Make, admin_connection: Admin) -> None:
    me = somebody()
    mine = [me.actor.user_id]
    open_session(me, user_agent="", client_address="")
    write_reset(me.actor.user_id or 0)
    admin_connection.execute("UPDATE user_sessions SET expires_at = now() - interval '1 s' WHERE user_id = %s", mine)
    admin_connection.execute("UPDATE password_resets SET expires_at = now() - interval '31 days'")
    sweep()
    for table in ("user_sessions", "password_resets"):
        left = admin_connection.execute(f"SELECT count(*) FROM {table} WHERE user_id = %s", mine).fetchone()
        assert left == (0,)
