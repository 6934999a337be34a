"""Passwords that leaked, or that anybody would try first, are refused wherever a new one is chosen; nobody is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts.api import change_password, check_new_user, set_password
from core.errors import InvalidInputError
from tests.core.accounts.conftest import PASSWORD, Make
from tests.marketplace import Marketplace

GUESSED = (
    "password1234",
    "P@ssw0rd1234",
    "Iloveyou12345",
    "qwertyuiop12",
    "1234567890123",
    "abcdefghijkl",
    "aaaaaaaaaaaab",
    "adrailadrail1",
    "parolaparola",
    "x" * 300,
)


@pytest.mark.parametrize("password", GUESSED, ids=lambda text: text[:13])
def test_passwords_that_would_be_guessed_are_refused(database: str, password: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_new_user(email="ana@scena.example", password=password)
    assert [(item.pointer, item.rule) for item in caught.value.errors] == [("/password", "simple")]
    assert "unrelated words" in caught.value.errors[0].message


@pytest.mark.parametrize("password", [PASSWORD, "castle nights 27 zebra", "țuică și prune uscate", "kT9#vv2!xLq0"])
def test_a_few_unrelated_words_or_real_chance_are_enough(database: str, password: str) -> None:
    check_new_user(email="ana@scena.example", password=password)


def test_a_password_made_of_the_own_address_is_refused(database: str) -> None:
    with pytest.raises(InvalidInputError):
        check_new_user(email="zebediah.quux@scena.example", password="zebediah.quux")


def test_it_is_asked_wherever_a_password_is_chosen(marketplace: Marketplace, somebody: Make) -> None:
    profile = somebody()
    with pytest.raises(InvalidInputError) as caught:
        change_password(profile.actor, 0, current=PASSWORD, new="password1234")
    assert caught.value.errors[0].pointer == "/new"
    with pytest.raises(InvalidInputError):
        set_password(profile.actor.user_id or 0, "password1234")
    with pytest.raises(InvalidInputError):
        marketplace.create_user("x@y.example", "password1234")


@given(st.text(min_size=12, max_size=80))
def test_whatever_is_typed_gets_an_answer(password: str) -> None:
    from core.accounts.people import _password_problems

    assert all(item.rule == "simple" for item in _password_problems(password))
