"""Permissions: what type, role and subject leave of the matrix, whatever an administrator does to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts.api import (
    ACCOUNT_TYPES,
    LOCKED,
    PERMISSIONS,
    ROLES,
    SUBJECT_TYPES,
    Actor,
    at_least,
    default_matrix,
    get_matrix,
    reset_matrix,
    role_reach,
    set_matrix,
)
from core.accounts.permissions import DEFAULTS, OF_THE_WHOLE, Grant, effective, matrix, subject_reach
from core.errors import ForbiddenError, InvalidInputError
from tests.marketplace import Marketplace

KEYS = sorted(PERMISSIONS)
SPEC_KEYS = {
    "view_events", "manage_tracking_codes", "manage_ads", "create_campaigns", "approve_campaigns", "claim_events",
    "manage_artist_profile", "manage_venue_profile", "manage_promotions", "moderate_content", "create_events",
    "view_event_analytics", "view_artist_analytics", "view_venue_analytics", "view_ad_analytics", "view_all_analytics",
    "export_data", "manage_users", "manage_privacy", "target_users",
}  # fmt: skip
grants = st.builds(
    Grant, st.sampled_from([*ACCOUNT_TYPES, "unknown"]), st.sampled_from([*KEYS, "unknown"]), st.booleans()
)
changes = st.lists(grants, max_size=60)
types = st.sampled_from([*ACCOUNT_TYPES, "unknown"])
roles = st.sampled_from([*ROLES, "unknown"])
subjects = st.sampled_from([*SUBJECT_TYPES, "unknown"])


def test_every_account_type_and_key_that_was_asked_for_is_there() -> None:
    assert set(ACCOUNT_TYPES) == {
        "user", "artist", "venue", "promoter", "organizer", "ad_account", "venue_manager", "label", "media",
        "marketplace", "admin",
    }  # fmt: skip
    assert SPEC_KEYS <= PERMISSIONS
    assert {kind for kinds in SUBJECT_TYPES.values() for kind in kinds} == set(ACCOUNT_TYPES)


@given(changes, types, roles, subjects)
def test_type_role_and_subject_can_each_only_narrow(made: list[Grant], kind: str, role: str, subject: str) -> None:
    granted = matrix(made)
    may = effective(granted, kind, role, subject)

    assert may <= PERMISSIONS
    assert may <= granted.get(kind, frozenset())
    assert may <= role_reach(role)
    assert may <= subject_reach(subject)
    for key in granted.get(kind, frozenset()) & role_reach(role) & subject_reach(subject):
        assert key in may


@given(changes, types, subjects)
def test_a_larger_role_never_may_less(made: list[Grant], kind: str, subject: str) -> None:
    granted = matrix(made)
    for role in ROLES:
        for other in ROLES:
            if at_least(role, other):
                assert effective(granted, kind, role, subject) >= effective(granted, kind, other, subject)


@given(changes)
def test_no_change_of_the_matrix_locks_administrators_out(made: list[Grant]) -> None:
    granted = matrix(made)
    for role in ("owner", "admin"):
        assert {"admin", "manage_users"} <= effective(granted, "admin", role, "marketplace")


@given(changes, types, roles, subjects)
def test_admin_is_held_by_the_marketplaces_administrators_alone(
    made: list[Grant], kind: str, role: str, subject: str
) -> None:
    if "admin" in effective(matrix(made), kind, role, subject):
        assert (kind, subject) == ("admin", "marketplace")
        assert role in {"owner", "admin"}
    if subject != "marketplace":
        assert not effective(matrix(made), kind, role, subject) & OF_THE_WHOLE


@given(changes, grants)
def test_granting_never_takes_anything_away(made: list[Grant], one: Grant) -> None:
    before, after = matrix(made), matrix([*made, one._replace(granted=True)])
    assert all(after[kind] >= before[kind] for kind in before)


def test_a_matrix_without_changes_is_the_delivered_one() -> None:
    assert matrix() == default_matrix() == dict(DEFAULTS)


def test_an_administrator_changes_the_matrix_and_members_notice(marketplace: Marketplace) -> None:
    granted = set_matrix(marketplace.staff, {"organizer": {"view_events", "manage_users"}})

    assert granted["organizer"] == {"view_events", "manage_users"}
    assert get_matrix(marketplace.staff) == granted
    assert granted["venue"] == DEFAULTS["venue"]
    assert reset_matrix(marketplace.staff) == default_matrix()


def test_a_matrix_is_the_marketplaces_own(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    set_matrix(marketplace.staff, {"media": set()})

    assert get_matrix(other_marketplace.staff) == default_matrix()


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        ({"king": {"view_events"}}, "one_of"),
        ({"venue": {"fly"}}, "one_of"),
        ({"organizer": {"admin"}}, "admin_only"),
        ({"admin": {"view_events"}}, "locked"),
    ],
)
def test_a_matrix_that_makes_no_sense_is_refused(
    marketplace: Marketplace, wanted: dict[str, set[str]], rule: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        set_matrix(marketplace.staff, wanted)
    assert [item.rule for item in caught.value.errors] == [rule]
    assert get_matrix(marketplace.staff) == default_matrix()


def test_only_administrators_of_the_whole_change_it(marketplace: Marketplace) -> None:
    owner = Actor(marketplace.tenant_id, "user", "user:1", None, DEFAULTS["marketplace"])
    for actor in (owner, marketplace.organizer("org-1")):
        with pytest.raises(ForbiddenError):
            set_matrix(actor, {"media": set()})


def test_what_is_locked_is_granted_by_default() -> None:
    assert all(keys <= DEFAULTS[kind] for kind, keys in LOCKED.items())
