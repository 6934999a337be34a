"""Permissions: the keys there are, what each account type gets by default, and what roles and subjects leave of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

ADMIN = "admin"

VIEWS = frozenset(
    {
        "view_events",
        "view_collection",
        "view_deliveries",
        "view_event_analytics",
        "view_artist_analytics",
        "view_venue_analytics",
        "view_ad_analytics",
        "view_all_analytics",
    }
)
PERMISSIONS = VIEWS | {
    ADMIN,
    "approve_campaigns",
    "claim_events",
    "create_campaigns",
    "create_events",
    "export_data",
    "manage_ads",
    "manage_artist_profile",
    "manage_catalog",
    "manage_collection",
    "manage_connections",
    "manage_keys",
    "manage_privacy",
    "manage_promotions",
    "manage_tracking_codes",
    "manage_users",
    "manage_venue_profile",
    "moderate_content",
    "place_orders",
    "target_users",
    "view_orders",
    "view_persons",
}
"""Every permission there is. A new one belongs here and into `DEFAULTS`; the page shows it by itself."""

_SELLING = frozenset(
    {
        "create_events",
        "manage_catalog",
        "manage_connections",
        "manage_keys",
        "manage_tracking_codes",
        "place_orders",
        "view_deliveries",
        "view_orders",
        "view_persons",
    }
)
_COMMON = frozenset({"view_events", "manage_users", "export_data"})

DEFAULTS: Mapping[str, frozenset[str]] = {
    "user": frozenset({"view_events"}),
    "artist": _COMMON | {"manage_artist_profile", "claim_events", "view_artist_analytics"},
    "venue": _COMMON | {"manage_venue_profile", "claim_events", "view_venue_analytics"},
    "promoter": _COMMON
    | {
        "claim_events",
        "create_campaigns",
        "manage_ads",
        "manage_promotions",
        "view_ad_analytics",
        "view_event_analytics",
    },
    "organizer": _COMMON
    | _SELLING
    | {
        "claim_events",
        "create_campaigns",
        "manage_ads",
        "manage_promotions",
        "target_users",
        "view_ad_analytics",
        "view_event_analytics",
    },
    "ad_account": _COMMON | {"create_campaigns", "manage_ads", "target_users", "view_ad_analytics"},
    "venue_manager": frozenset({"view_events", "manage_venue_profile", "view_venue_analytics"}),
    "label": _COMMON | {"manage_artist_profile", "manage_promotions", "view_artist_analytics"},
    "media": frozenset({"view_events", "view_event_analytics"}),
    "marketplace": PERMISSIONS - {ADMIN},
    "admin": PERMISSIONS,
}
"""What each account type may do unless a marketplace's administrator says otherwise."""
ACCOUNT_TYPES = tuple(DEFAULTS)
LOCKED: Mapping[str, frozenset[str]] = {"admin": frozenset({ADMIN, "manage_users"})}
"""Grants that nobody can take away: without them nobody could give anything back."""

ROLES = ("owner", "admin", "manager", "analyst", "gate_staff")
"""From the one who may do most to the one who may do least; nobody hands out a role above their own."""
REACH: Mapping[str, frozenset[str]] = {
    "owner": PERMISSIONS,
    "admin": PERMISSIONS,
    "manager": PERMISSIONS - {ADMIN, "approve_campaigns", "manage_keys", "manage_privacy", "manage_users"},
    "analyst": VIEWS | {"export_data"},
    "gate_staff": frozenset({"view_events"}),
}
"""The most that each role lets a person do, whatever their account type is granted."""

SUBJECT_TYPES: Mapping[str, tuple[str, ...]] = {
    "marketplace": ("marketplace", "admin", "media", "user"),
    "organizer": ("organizer", "promoter", "media", "user"),
    "artist": ("artist", "media", "user"),
    "venue": ("venue", "venue_manager", "user"),
    "label": ("label", "media", "user"),
    "promoter": ("promoter", "media", "user"),
    "ad_account": ("ad_account", "user"),
}
"""Which account types make sense for a member of what; the first is the usual one."""
SUBJECTS = tuple(SUBJECT_TYPES)
OF_THE_WHOLE = frozenset(
    {ADMIN, "manage_collection", "manage_privacy", "moderate_content", "view_all_analytics", "view_collection"}
)
"""Keys that concern everybody in a marketplace; only members of the marketplace itself can hold them."""


class Grant(NamedTuple):
    """One cell of the matrix that an administrator changed."""

    account_type: str
    permission: str
    granted: bool


def matrix(changes: Iterable[Grant] = ()) -> dict[str, frozenset[str]]:
    """Return what each account type is granted: the defaults with a marketplace's own changes.

    Changes of unknown types and keys count for nothing, and `LOCKED` grants stay.
    """
    granted = {kind: set(keys) for kind, keys in DEFAULTS.items()}
    for change in changes:
        if change.account_type in granted and change.permission in PERMISSIONS:
            (granted[change.account_type].add if change.granted else granted[change.account_type].discard)(
                change.permission
            )
    # `admin` is worth everything, so no other type can be granted it.
    return {
        kind: frozenset(keys - (set() if kind == ADMIN else {ADMIN}) | LOCKED.get(kind, frozenset()))
        for kind, keys in granted.items()
    }


def subject_reach(subject: str) -> frozenset[str]:
    """Return the most that a member of such a subject can do; nothing for an unknown one."""
    if subject == "marketplace":
        return PERMISSIONS
    if subject == "organizer":
        return PERMISSIONS - OF_THE_WHOLE
    # Orders, codes and connections belong to organisers; a venue or an artist has none.
    return PERMISSIONS - OF_THE_WHOLE - _SELLING if subject in SUBJECT_TYPES else frozenset()


def effective(granted: Mapping[str, frozenset[str]], account_type: str, role: str, subject: str) -> frozenset[str]:
    """Return what a member may do: granted to the type, within the role's reach, within the subject's reach.

    All three must say yes, so each can only narrow the others; an unknown type, role or subject gives nothing.
    """
    return granted.get(account_type, frozenset()) & REACH.get(role, frozenset()) & subject_reach(subject)


def at_least(role: str, other: str) -> bool:
    """Whether a role may do at least as much as another; an unknown role is below all."""
    order = {name: place for place, name in enumerate(ROLES)}
    return order.get(role, len(ROLES)) <= order.get(other, len(ROLES))


def role_reach(role: str) -> frozenset[str]:
    """Return the most that a role lets a person do; nothing for an unknown one."""
    return REACH.get(role, frozenset())


def default_matrix() -> dict[str, frozenset[str]]:
    """Return what each account type is granted where nobody changed it."""
    return matrix()
