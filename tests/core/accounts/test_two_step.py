"""Two-step sign-in: codes count once, secrets stay sealed, and a lost telephone is no lost account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pyotp
import pytest

from core.accounts.api import (
    Profile,
    begin_two_step,
    confirm_two_step,
    forget_two_step,
    load_profile,
    pending_two_step,
    recovery_codes_left,
    renew_recovery_codes,
    switch_two_step_off,
    take_second_step,
)
from core.accounts.two_step import TRIES_PER_USER
from core.errors import ConflictError, InvalidInputError, TooManyRequestsError, UnavailableError
from tests.core.accounts.conftest import Make
from tests.core.accounts.mailbox import mails_to
from tests.marketplace import Marketplace
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]


def code(secret: str, steps: int = 0) -> str:
    """What a telephone shows so many half minutes from now."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30 * steps))


def switched_on(profile: Profile) -> tuple[str, list[str]]:
    """Switch it on with the present code; the next one is unused then, also when the half minute ends meanwhile."""
    secret = begin_two_step(profile.actor, profile.email).secret
    return secret, confirm_two_step(profile.actor, code(secret))


def user_of(profile: Profile) -> int:
    assert profile.actor.user_id is not None
    return profile.actor.user_id


def test_it_is_on_after_the_first_right_code_only(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    made = begin_two_step(me.actor, me.email)
    assert pending_two_step(me.actor, me.email) == made
    assert "<svg" in made.picture
    assert "style=" not in made.picture
    with pytest.raises(InvalidInputError):
        confirm_two_step(me.actor, "000000" if code(made.secret) != "000000" else "111111")
    profile = load_profile(user_of(me))
    assert profile is not None
    assert not profile.two_step

    codes = confirm_two_step(me.actor, f" {code(made.secret)[:3]} {code(made.secret)[3:]} ")

    profile = load_profile(user_of(me))
    assert profile is not None
    assert profile.two_step
    assert len(set(codes)) == recovery_codes_left(me.actor) == 10
    with pytest.raises(ConflictError):
        begin_two_step(me.actor, me.email)


def test_a_code_counts_once(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    secret, _codes = switched_on(me)

    assert not take_second_step(user_of(me), code(secret, -1))
    now = code(secret, 1)
    assert take_second_step(user_of(me), now)
    assert not take_second_step(user_of(me), now)
    assert not take_second_step(user_of(me), code(secret))


def test_of_many_with_one_code_at_once_one_gets_in(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    secret, codes = switched_on(me)
    for given in (code(secret, 1), codes[0]):
        start, got_in = threading.Barrier(4), list[bool]()

        def attempt(given: str, start: threading.Barrier, got_in: list[bool]) -> None:
            start.wait()
            got_in.append(take_second_step(user_of(me), given))

        threads = [threading.Thread(target=attempt, args=(given, start, got_in)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(got_in) == [False, False, False, True]


@pytest.mark.parametrize(
    "typed", ["", "12345", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "\0\0\0\0\0\0", "🎫🎫🎫🎫🎫🎫", "0" * 400]
)
def test_strange_codes_are_wrong_codes(marketplace: Marketplace, somebody: Make, typed: str) -> None:
    me = somebody()
    switched_on(me)
    assert not take_second_step(user_of(me), typed)


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_code_of_another_time_is_wrong(marketplace: Marketplace, somebody: Make, steps: int) -> None:
    me = somebody()
    secret, _codes = switched_on(me)
    assert not take_second_step(user_of(me), code(secret, steps))


def test_each_recovery_code_replaces_the_telephone_once(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    _secret, codes = switched_on(me)

    assert take_second_step(user_of(me), codes[0].upper().replace("-", " "))
    assert not take_second_step(user_of(me), codes[0])
    assert recovery_codes_left(me.actor) == 9

    renewed = renew_recovery_codes(me.actor)
    assert not take_second_step(user_of(me), codes[1])
    assert take_second_step(user_of(me), renewed[0])
    assert [mail.kind for mail in mails_to(me.email)] == ["recovery_codes", "two_step_on"]


def test_anothers_recovery_code_is_worth_nothing(marketplace: Marketplace, somebody: Make) -> None:
    me, other = somebody(), somebody()
    switched_on(me)
    _secret, codes = switched_on(other)
    assert not take_second_step(user_of(me), codes[0])
    assert recovery_codes_left(other.actor) == 10


@pytest.mark.parametrize("by_operator", [False, True])
def test_switching_it_off_destroys_secret_and_codes_and_is_told(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin, *, by_operator: bool
) -> None:
    me = somebody()
    secret, codes = switched_on(me)
    if by_operator:
        forget_two_step(user_of(me))
    else:
        switch_two_step_off(me.actor)

    assert not take_second_step(user_of(me), code(secret, 1))
    assert not take_second_step(user_of(me), codes[0])
    row = admin_connection.execute(
        "SELECT totp_ciphertext, totp_since, totp_last_step FROM users WHERE id = %s", [user_of(me)]
    ).fetchone()
    assert row == (None, None, None)
    assert mails_to(me.email)[0].kind == "two_step_off"
    with pytest.raises(ConflictError):
        renew_recovery_codes(me.actor)


def test_codes_cannot_be_guessed_for_long(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    secret, _codes = switched_on(me)
    for _ in range(TRIES_PER_USER):
        assert not take_second_step(user_of(me), "wrong")
    with pytest.raises(TooManyRequestsError):
        take_second_step(user_of(me), code(secret, 1))


def test_without_valkey_no_code_is_taken_uncounted(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    _secret, codes = switched_on(me)
    with use_environment(REDIS_URL="redis://127.0.0.1:1/0"), pytest.raises(UnavailableError):
        take_second_step(user_of(me), codes[0])


def test_the_database_holds_neither_secret_nor_codes(
    marketplace: Marketplace, somebody: Make, admin_connection: Admin
) -> None:
    me = somebody()
    secret, codes = switched_on(me)
    hidden = [secret, *codes, *(item.replace("-", "") for item in codes)]
    for table in ("users", "recovery_codes", "mails"):
        for (row,) in admin_connection.execute(f"SELECT t::text FROM {table} t").fetchall():
            assert not any(item in row or item.encode().hex() in row for item in hidden)
