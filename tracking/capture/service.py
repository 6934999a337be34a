"""Capture rate as people ask for it."""

from __future__ import annotations

from collections.abc import Sequence

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.events.api import CaptureDay, capture_days, capture_page
from core.paging import Page
from tracking.rights import VIEW, require


def days(actor: Actor) -> Sequence[CaptureDay]:
    """Every site and day of the last 30, oldest first; raises `ForbiddenError`."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        return capture_days(session, actor.tenant_id)


def page(actor: Actor, *, site_id: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[CaptureDay]:
    """Sites and days, newest first; raises `ForbiddenError`."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        return capture_page(session, actor.tenant_id, site_id=site_id, limit=limit, cursor=cursor)
