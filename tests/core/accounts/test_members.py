"""Members: who sees whom, who changes whom, and that somebody is always left who can."""

from __future__ import annotations

import threading

import psycopg
import pytest

from core.accounts.api import (
    Actor,
    change_member,
    disable_user,
    get_member,
    list_members,
    load_profile,
    remove_member,
    requires_tier,
    set_level,
    set_tier,
    tier_of,
)
from core.errors import ConflictError, DomainError, ForbiddenError, InvalidInputError, NotFoundError
from tests.core.accounts.conftest import Make
from tests.marketplace import Marketplace


def permissions_of(actor: Actor) -> frozenset[str]:
    """What a member may do now."""
    profile = load_profile(actor.user_id or 0, membership_id=actor.membership_id)
    assert profile is not None
    return profile.actor.permissions


def test_the_marketplace_sees_everybody_and_an_organiser_its_own(marketplace: Marketplace, somebody: Make) -> None:
    admin, first, second = somebody("admin"), somebody(organizer="org-1"), somebody(organizer="org-2")

    everybody = list_members(admin.actor).items
    own = list_members(first.actor).items

    assert [item.email for item in everybody] == [admin.email, first.email, second.email]
    assert [item.email for item in own] == [first.email]
    assert (own[0].subject_kind, own[0].subject_id, own[0].tier) == ("organizer", "org-1", "free")
    assert [item.email for item in list_members(admin.actor, subject_kind="marketplace").items] == [admin.email]
    chosen = list_members(admin.actor, subject_kind="organizer", subject_id="org-2").items
    assert [item.email for item in chosen] == [second.email]


def test_lists_of_members_come_in_pages(marketplace: Marketplace, somebody: Make) -> None:
    made = [somebody("admin").email, *(somebody("analyst").email for _ in range(4))]

    seen, cursor = [], None
    while True:
        page = list_members(marketplace.staff, limit=2, cursor=cursor)
        seen += [item.email for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == made


def test_members_of_others_do_not_exist(
    marketplace: Marketplace, other_marketplace: Marketplace, somebody: Make
) -> None:
    member = somebody(organizer="org-2").actor.membership_id or 0

    for actor in (somebody(organizer="org-1").actor, other_marketplace.staff):
        with pytest.raises(NotFoundError):
            get_member(actor, member)
        with pytest.raises(NotFoundError):
            change_member(actor, member, role="analyst")
        with pytest.raises(NotFoundError):
            remove_member(actor, member)
    with pytest.raises(NotFoundError):
        set_level(other_marketplace.staff, member, "business")


def test_a_changed_role_counts_from_the_next_request_on(marketplace: Marketplace, somebody: Make) -> None:
    owner, other = somebody(organizer="org-1"), somebody("analyst", "org-1")
    assert "manage_tracking_codes" not in other.actor.permissions

    change_member(owner.actor, other.actor.membership_id or 0, role="manager")

    assert "manage_tracking_codes" in permissions_of(other.actor)
    assert "manage_users" not in permissions_of(other.actor)


def test_nobody_hands_out_or_changes_more_than_their_own(marketplace: Marketplace, somebody: Make) -> None:
    admin, owner, second = somebody("admin"), somebody("owner"), somebody("admin", "org-1")
    first = somebody("owner", "org-1")

    for actor, member, change in (
        (owner.actor, somebody("analyst").actor, {"account_type": "admin"}),
        (owner.actor, admin.actor, {"role": "analyst"}),
        (second.actor, first.actor, {"role": "analyst"}),
        (second.actor, second.actor, {"role": "owner"}),
        (first.actor, second.actor, {"account_type": "promoter"}),
    ):
        with pytest.raises(ForbiddenError) as caught:
            change_member(actor, member.membership_id or 0, **change)
        assert caught.value.code in {"admin_only", "role_above_own", "type_by_admin"}
    change_member(admin.actor, second.actor.membership_id or 0, account_type="promoter")
    change_member(first.actor, second.actor.membership_id or 0, role="analyst")
    assert get_member(admin.actor, second.actor.membership_id or 0).account_type == "promoter"


def test_types_that_do_not_belong_to_a_subject_are_refused(marketplace: Marketplace, somebody: Make) -> None:
    member = somebody(organizer="org-1").actor.membership_id or 0

    for account_type in ("venue", "admin", "marketplace", "king"):
        with pytest.raises(InvalidInputError):
            change_member(marketplace.staff, member, account_type=account_type)
    with pytest.raises(InvalidInputError):
        change_member(marketplace.staff, member, role="king")


def test_ones_own_type_changes_only_through_verification(marketplace: Marketplace, somebody: Make) -> None:
    owner = somebody(organizer="org-1")

    with pytest.raises(ConflictError) as caught:
        change_member(owner.actor, owner.actor.membership_id or 0, account_type="promoter")

    assert caught.value.code == "own_account_type"


def test_the_last_administrator_stays(marketplace: Marketplace, somebody: Make) -> None:
    admin = somebody("admin")
    member = admin.actor.membership_id or 0

    for attempt in (
        lambda: remove_member(marketplace.staff, member),
        lambda: change_member(marketplace.staff, member, role="manager"),
        lambda: change_member(marketplace.staff, member, account_type="marketplace"),
        lambda: disable_user(admin.actor.user_id or 0),
    ):
        with pytest.raises(ConflictError) as caught:
            attempt()
        assert caught.value.code == "last_admin"
    assert "admin" in permissions_of(admin.actor)

    somebody("admin")
    remove_member(marketplace.staff, member)
    assert load_profile(admin.actor.user_id or 0) is None


def test_two_administrators_cannot_remove_each_other_at_once(marketplace: Marketplace, somebody: Make) -> None:
    first, second = somebody("admin"), somebody("admin")
    refused: list[DomainError] = []
    start = threading.Barrier(2)

    def remove(actor: Actor, member: int | None) -> None:
        start.wait()
        try:
            remove_member(actor, member or 0)
        except DomainError as error:
            refused.append(error)

    both = [
        threading.Thread(target=remove, args=(first.actor, second.actor.membership_id)),
        threading.Thread(target=remove, args=(second.actor, first.actor.membership_id)),
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)

    assert [error.code for error in refused] == ["last_admin"]
    assert len(list_members(marketplace.staff).items) == 1


def test_somebody_who_is_locked_out_counts_for_nothing(marketplace: Marketplace, somebody: Make) -> None:
    first, second = somebody("admin"), somebody("admin")
    disable_user(first.actor.user_id or 0)

    with pytest.raises(ConflictError):
        remove_member(marketplace.staff, second.actor.membership_id or 0)
    disable_user(first.actor.user_id or 0, disabled=False)
    remove_member(marketplace.staff, second.actor.membership_id or 0)


def test_tiers_are_of_the_organiser_and_end(
    marketplace: Marketplace, somebody: Make, admin_connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    actor = somebody(organizer="org-1").actor
    with pytest.raises(ForbiddenError) as caught:
        requires_tier(actor, "premium")
    assert caught.value.code == "tier_missing"

    set_tier(marketplace.staff, "organizer", "org-1", "professional")

    requires_tier(actor, "premium")
    assert tier_of(somebody("analyst", "org-1").actor) == "professional"
    assert tier_of(somebody(organizer="org-2").actor) == "free"
    assert tier_of(marketplace.staff) == "enterprise"
    admin_connection.execute("UPDATE subscriptions SET ends_at = now() - interval '1 second'")
    assert tier_of(actor) == "free"


def test_tiers_and_levels_are_set_by_administrators_only(marketplace: Marketplace, somebody: Make) -> None:
    owner = somebody(organizer="org-1").actor

    with pytest.raises(ForbiddenError):
        set_tier(owner, "organizer", "org-1", "enterprise")
    with pytest.raises(ForbiddenError):
        set_level(owner, owner.membership_id or 0, "business")
    with pytest.raises(NotFoundError):
        set_tier(marketplace.staff, "organizer", "org-9", "premium")
    with pytest.raises(InvalidInputError):
        set_tier(marketplace.staff, "marketplace", "", "golden")
