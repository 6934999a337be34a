"""Refused events for people and keys to look at: groups, counts over time, one event with what is wrong with it."""

from __future__ import annotations

from datetime import date

from core.accounts.api import Actor, tenant_view
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.events.api import (
    OPEN,
    REJECT_STATES,
    RejectFilter,
    RejectGroup,
    RejectRow,
    count_open_rejects,
    reject_groups,
    reject_totals,
    reject_with_id,
    rejects_of,
)
from core.paging import Page
from tracking.rejected.reading import RejectView, view_of
from tracking.rights import VIEW, require


def groups(actor: Actor, chosen: RejectFilter, *, limit: int = 50, cursor: str | None = None) -> Page[RejectGroup]:
    """Refused events grouped by what is wrong with them; raises `ForbiddenError`."""
    require(actor, VIEW)
    zone = tenant_view(actor.tenant_id).time_zone
    with tenant_session(actor.tenant_id) as session:
        return reject_groups(session, actor.tenant_id, chosen, zone=zone, limit=limit, cursor=cursor)


def totals(actor: Actor, chosen: RejectFilter) -> list[tuple[date, int]]:
    """How many were refused on which local day of the last 30; raises `ForbiddenError`."""
    require(actor, VIEW)
    zone = tenant_view(actor.tenant_id).time_zone
    with tenant_session(actor.tenant_id) as session:
        return reject_totals(session, actor.tenant_id, chosen, zone)


def listed(
    actor: Actor, *, group: str | None = None, state: str = OPEN, limit: int = 50, cursor: str | None = None
) -> Page[RejectRow]:
    """Refused events without their contents, newest first; raises `ForbiddenError`."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        return rejects_of(session, actor.tenant_id, group=group, state=state, limit=limit, cursor=cursor)


def show(actor: Actor, reject_id: int) -> RejectView:
    """One refused event, masked; raises `NotFoundError`, `ForbiddenError`."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        row = reject_with_id(session, actor.tenant_id, reject_id)
    return view_of(actor.tenant_id, row)


def waiting(actor: Actor, group: str | None = None) -> int:
    """How many refused events are open, of a group or of all; raises `ForbiddenError`."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        return count_open_rejects(session, actor.tenant_id, group)


def demand_group(actor: Actor, key: str) -> None:
    """Raise `NotFoundError` for a group that the marketplace never had, or that is no longer kept."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        kept = (rejects_of(session, actor.tenant_id, group=key, state=state, limit=1).items for state in REJECT_STATES)
        if not any(kept):
            raise NotFoundError("there is no such group of refused events")


def group_of(actor: Actor, key: str, state: str = OPEN) -> RejectView:
    """A sample of a group: its newest event; raises `NotFoundError` when nothing of it is left."""
    page = listed(actor, group=key, state=state, limit=1)
    if not page.items:
        raise NotFoundError("nothing of this group is left")
    return view_of(actor.tenant_id, page.items[0])
