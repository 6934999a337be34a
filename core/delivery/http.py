"""JSON endpoints of deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from core.delivery import queries, replaying
from core.delivery.schemas import DeliveryDetailOut, DeliveryPageOut, LedgerArgs, LedgerOut, LogArgs, ReplayOut
from core.delivery.views import DeliveryDetail, DeliveryView, LedgerCounts
from core.idempotency import idempotent
from core.paging import Page
from core.web import json_response, require_actor

blp = Blueprint("delivery_log", __name__, url_prefix="/api/v1/deliveries", description="What was sent, and what not")

VIEW = "view_deliveries"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


@blp.get("")
@blp.doc(security=SECURITY)
@blp.arguments(LogArgs, location="query")
@blp.response(200, DeliveryPageOut)
def list_deliveries(args: dict[str, Any]) -> Page[DeliveryView]:
    """The log of deliveries, newest first."""
    return queries.delivery_log(require_actor(VIEW), **args)


@blp.get("/ledger")
@blp.doc(security=SECURITY)
@blp.arguments(LedgerArgs, location="query")
@blp.response(200, LedgerOut)
def show_ledger(args: dict[str, datetime | str | None]) -> LedgerCounts:
    """Counts by state; they add up to what was to be expected."""
    return queries.ledger(require_actor(VIEW), **args)  # type: ignore[arg-type]


@blp.get("/<int:delivery_id>")
@blp.doc(security=SECURITY)
@blp.response(200, DeliveryDetailOut)
def show_delivery(delivery_id: int) -> DeliveryDetail:
    """One delivery: its tries, what was sent (identifiers masked), why it stands where it stands."""
    return queries.delivery_detail(require_actor(VIEW), delivery_id)


@blp.post("/<int:delivery_id>/replay")
@blp.doc(security=SECURITY)
@blp.response(200, ReplayOut)
def replay_delivery(delivery_id: int) -> Response:
    """Try a dead delivery again with the same event id. Repeating the request changes nothing more."""
    actor = require_actor(VIEW)

    def work() -> Response:
        queries.delivery_detail(actor, delivery_id)
        return json_response({"replayed": replaying.replay(actor, [delivery_id])})

    owner = actor.organizer_id or "marketplace"
    return idempotent(actor.tenant_id, f"deliveries/{delivery_id}/replay@{owner}", request, work)
