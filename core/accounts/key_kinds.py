"""The kinds of keys, the scopes each kind can have, and who may hand out which."""

from __future__ import annotations

from datetime import timedelta

from core.accounts.service import Actor
from core.errors import ForbiddenError

SERVER, ORGANIZER, SCANNER = "server", "organizer", "scanner"
SCAN = "collect_scans"
MANAGE = "manage_keys"

KEY_SCOPES: dict[str, tuple[str, ...]] = {
    SERVER: (
        "collect",
        "place_orders",
        "view_orders",
        "view_persons",
        "manage_catalog",
        "view_events",
        "manage_tracking_codes",
        "manage_connections",
        "view_deliveries",
        "view_collection",
        "manage_collection",
        "view_audit",
        "manage_users",
        MANAGE,
    ),
    ORGANIZER: (
        "view_events",
        "create_events",
        "manage_tracking_codes",
        "manage_connections",
        "view_deliveries",
        "manage_users",
        MANAGE,
    ),
    SCANNER: (SCAN,),
}
"""The most that a key of each kind can do. The write keys of sites are no such keys: they can only collect."""
ONLY_WHEN_ASKED = frozenset({MANAGE, "manage_users", "view_audit"})
"""Scopes that a key gets only when they are named: a stolen key could make others, let people in, or read the log."""

MAX_LIFETIME = timedelta(days=5 * 366)
MAX_OVERLAP = timedelta(days=30)
DEFAULT_OVERLAP = timedelta(hours=24)


def default_scopes(kind: str) -> tuple[str, ...]:
    """Return what a key of this kind can do when nobody chooses."""
    return tuple(scope for scope in KEY_SCOPES[kind] if scope not in ONLY_WHEN_ASKED)


def require_key_manager(actor: Actor) -> None:
    """Raise `ForbiddenError` for everybody who does not look after keys."""
    if MANAGE not in actor.permissions:
        raise ForbiddenError(
            "only administrators and owners, and keys with the scope 'manage_keys', manage keys",
            code="permission_missing",
        )


def grantable(actor: Actor, kind: str) -> tuple[str, ...]:
    """Return the scopes that somebody may give to a key of this kind; none when they may not make such keys."""
    if kind not in KEY_SCOPES or (actor.organizer_id is not None and kind == SERVER):
        return ()
    if kind == SCANNER or "admin" in actor.permissions:
        return KEY_SCOPES[kind]
    # Nobody hands out what they do not have; only a key can have «collect» itself.
    own = actor.permissions | (set() if actor.kind == "key" else {"collect"})
    return tuple(scope for scope in KEY_SCOPES[kind] if scope in own)
