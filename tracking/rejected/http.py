"""JSON endpoints of refused events, and of entries that could not be stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from core.events.api import RejectFilter, RejectGroup, RejectRow
from core.idempotency import idempotent
from core.paging import Page
from core.validation import load
from core.web import PageArgs, json_body, json_response, require_actor
from tracking.rejected import dead, replaying, service
from tracking.rejected.reading import RejectView
from tracking.rejected.repairs import read_repairs
from tracking.rejected.schemas import (
    ChosenIn,
    DeadEntryPageOut,
    DiscardedOut,
    DoneOut,
    GroupArgs,
    GroupPageOut,
    ListArgs,
    RejectDetailOut,
    RejectPageOut,
    ReplayedOut,
    ReplayManyIn,
    ReplayOneIn,
)
from tracking.rights import MANAGE, VIEW

blp = Blueprint("rejected_events", __name__, url_prefix="/api/v1/rejected-events", description="What was refused")
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


def _body(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


@blp.get("")
@blp.doc(security=SECURITY)
@blp.arguments(ListArgs, location="query")
@blp.response(200, RejectPageOut)
def list_rejected(args: dict[str, Any]) -> Page[RejectRow]:
    """Refused events, newest first, without their contents."""
    return service.listed(require_actor(VIEW), **args)


@blp.get("/groups")
@blp.doc(security=SECURITY)
@blp.arguments(GroupArgs, location="query")
@blp.response(200, GroupPageOut)
def list_groups(args: dict[str, Any]) -> Any:
    """Refused events grouped by what is wrong with them, with counts per day."""
    limit, cursor = args.pop("limit"), args.pop("cursor")
    page = service.groups(require_actor(VIEW), RejectFilter(**args), limit=limit, cursor=cursor)
    return {"items": [_group(item) for item in page.items], "next_cursor": page.next_cursor}


def _group(item: RejectGroup) -> dict[str, Any]:
    return asdict(item) | {"days": [{"day": day, "events": count} for day, count in item.days]}


@blp.get("/<int:reject_id>")
@blp.doc(security=SECURITY)
@blp.response(200, RejectDetailOut)
def show_rejected(reject_id: int) -> RejectView:
    """One refused event with what is wrong by today's rules and how to mend it; personal data is hidden."""
    return service.show(require_actor(VIEW), reject_id)


@blp.post("/<int:reject_id>/replay")
@blp.doc(security=SECURITY, requestBody=_body(ReplayOneIn))
@blp.response(200, ReplayedOut)
def replay_one(reject_id: int) -> Response:
    """Take one event after all, edited or repaired. It keeps the time at which it came, and is stored exactly once."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        wanted = load(ReplayOneIn(), json_body())
        if wanted["event"] is not None:
            return json_response(asdict(replaying.replay_edited(actor, reject_id, wanted["event"])))
        repairs = read_repairs(wanted["repairs"])
        return json_response(asdict(replaying.replay_one_repaired(actor, reject_id, repairs)))

    return idempotent(actor.tenant_id, f"rejected-events/{reject_id}/replay", request, work)


@blp.post("/replay")
@blp.doc(security=SECURITY, requestBody=_body(ReplayManyIn))
@blp.response(200, ReplayedOut)
def replay_many() -> Response:
    """Repair and take up to 500 events at a time; call again with `after` for more."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        wanted = load(ReplayManyIn(), json_body())
        repairs = read_repairs(wanted.pop("repairs"))
        return json_response(asdict(replaying.replay_repaired(actor, repairs, **wanted)))

    return idempotent(actor.tenant_id, "rejected-events/replay", request, work)


@blp.post("/discard")
@blp.doc(security=SECURITY, requestBody=_body(ChosenIn))
@blp.response(200, DiscardedOut)
def discard_many() -> Response:
    """Put up to 500 events away that nobody needs."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        return json_response({"discarded": replaying.discard(actor, **load(ChosenIn(), json_body()))})

    return idempotent(actor.tenant_id, "rejected-events/discard", request, work)


@blp.get("/set-aside")
@blp.doc(security=SECURITY)
@blp.arguments(PageArgs, location="query")
@blp.response(200, DeadEntryPageOut)
def list_dead(args: dict[str, Any]) -> Page[dead.DeadEntry]:
    """Requests that were accepted and could not be stored, newest first."""
    return dead.dead_entries(require_actor(VIEW), **args)


@blp.post("/set-aside/<entry_id>/replay")
@blp.doc(security=SECURITY)
@blp.response(200, DoneOut)
def replay_dead(entry_id: str) -> Response:
    """Let ingest try a request again, exactly as it came."""
    actor = require_actor(MANAGE)
    scope = f"rejected-events/set-aside/{entry_id}/replay"
    return idempotent(actor.tenant_id, scope, request, lambda: json_response({"done": dead.put_back(actor, entry_id)}))


@blp.delete("/set-aside/<entry_id>")
@blp.doc(security=SECURITY)
@blp.response(200, DoneOut)
def remove_dead(entry_id: str) -> Response:
    """Remove a request for good; its events are lost."""
    actor = require_actor(MANAGE)
    scope = f"rejected-events/set-aside/{entry_id}"
    return idempotent(actor.tenant_id, scope, request, lambda: json_response({"done": dead.give_up(actor, entry_id)}))
