"""Who may look at what is collected, and who may change it."""

from __future__ import annotations

from core.accounts.api import Actor
from core.errors import ForbiddenError

VIEW, MANAGE = "view_collection", "manage_collection"


def require(actor: Actor, permission: str) -> None:
    """Raise `ForbiddenError` unless the actor has the permission for the whole marketplace."""
    if permission not in actor.permissions:
        raise ForbiddenError(f"this needs the permission {permission!r}", code="permission_missing")
    if actor.organizer_id is not None:
        raise ForbiddenError("what is collected belongs to the whole marketplace", code="permission_missing")
