"""Verification: the only way to another account type of one's own, decided by somebody else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from core.accounts.api import (
    Profile,
    ask_for_type,
    decide_request,
    is_verified,
    list_requests,
    load_profile,
    own_request,
    set_level,
    types_to_ask_for,
)
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tests.core.accounts.conftest import Make
from tests.marketplace import Marketplace


def now(profile: Profile) -> Profile:
    """A profile as it is by now."""
    found = load_profile(profile.actor.user_id or 0)
    assert found is not None
    return found


@pytest.mark.parametrize("approve", [True, False])
def test_a_wish_is_decided_by_an_administrator(marketplace: Marketplace, somebody: Make, *, approve: bool) -> None:
    me = somebody(organizer="org-1")
    ask_for_type(me.actor, "promoter", "Register no. J12/345")
    wish = list_requests(marketplace.staff).items[0]
    assert (wish.email, wish.present_type, wish.account_type) == (me.email, "organizer", "promoter")
    assert (wish.level, wish.statement, wish.state) == ("business", "Register no. J12/345", "waiting")
    assert now(me).account_type == "organizer"

    decide_request(marketplace.staff, wish.id, approve=approve)

    assert now(me).account_type == ("promoter" if approve else "organizer")
    assert now(me).verification == ("business" if approve else "none")
    mine = own_request(me.actor)
    assert mine is not None
    assert mine.state == ("approved" if approve else "refused")
    assert list_requests(marketplace.staff).items == []
    with pytest.raises(ConflictError):
        decide_request(marketplace.staff, wish.id, approve=True)


def test_nobody_asks_for_administration_or_for_nonsense(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody()
    for kind in ("admin", "venue", "marketplace", "king"):
        with pytest.raises(InvalidInputError):
            ask_for_type(me.actor, kind, "because")
    for statement in ("", " ", "x" * 2001, "a\0b"):
        with pytest.raises(InvalidInputError):
            ask_for_type(me.actor, "media", statement)
    assert "admin" not in types_to_ask_for("marketplace")


def test_one_wish_at_a_time(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody(organizer="org-1")
    ask_for_type(me.actor, "media", "press card")
    with pytest.raises(ConflictError):
        ask_for_type(me.actor, "promoter", "company")


def test_nobody_decides_about_themselves_or_elsewhere(
    marketplace: Marketplace, other_marketplace: Marketplace, somebody: Make
) -> None:
    admin = somebody("admin")
    ask_for_type(admin.actor, "media", "press card")
    wish = list_requests(admin.actor).items[0].id

    with pytest.raises(ForbiddenError):
        decide_request(admin.actor, wish, approve=True)
    with pytest.raises(ForbiddenError):
        decide_request(somebody("owner").actor, wish, approve=True)
    with pytest.raises(NotFoundError):
        decide_request(other_marketplace.staff, wish, approve=True)
    decide_request(somebody("admin").actor, wish, approve=True)
    assert now(admin).account_type == "admin"


def test_an_approval_never_lowers_a_level(marketplace: Marketplace, somebody: Make) -> None:
    me = somebody(organizer="org-1")
    set_level(marketplace.staff, me.actor.membership_id or 0, "business")
    ask_for_type(me.actor, "user", "I want less")
    decide_request(marketplace.staff, list_requests(marketplace.staff).items[0].id, approve=True)
    assert (now(me).account_type, now(me).verification) == ("user", "business")
    assert is_verified("business", "identity")
    assert not is_verified("email", "phone")
    with pytest.raises(InvalidInputError):
        set_level(marketplace.staff, me.actor.membership_id or 0, "divine")


def test_what_proves_it_is_sealed(
    marketplace: Marketplace, somebody: Make, admin_connection: psycopg.Connection[tuple[Any, ...]]
) -> None:
    ask_for_type(somebody(organizer="org-1").actor, "media", "press card 4711")
    rows = admin_connection.execute("SELECT r::text FROM verification_requests r").fetchall()
    assert not any("4711" in row or b"4711".hex() in row for (row,) in rows)
