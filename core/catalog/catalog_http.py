"""JSON endpoints of the catalogue: bulk upsert, lists, single rows, statuses of live events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import marshmallow as ma
from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import fields, validate

from core.accounts.api import Actor
from core.catalog.bulk_body import rows_of_request
from core.catalog.catalog_schemas import BulkOut, ListArgs, PersonRow, StatusChangeOut, StatusIn
from core.catalog.drafts import RowOutcome
from core.catalog.kinds import KINDS, Kind
from core.catalog.lists import get_row, list_rows
from core.catalog.person_bulk import upsert_person_rows
from core.catalog.row_service import change_status, status_history
from core.catalog.shop_schemas import AFFILIATE_STATUSES, SHIPMENT_STATUSES, SHOP_STATUSES
from core.catalog.status import STATUSES
from core.catalog.upsert import upsert_rows
from core.errors import ForbiddenError
from core.idempotency import idempotent
from core.validation import load
from core.web import actor_or_none, json_body, json_response, require_actor

BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
TEXT: dict[str, Any] = {"load_default": None, "allow_none": True, "validate": validate.Length(1, 128)}
LIVE_EVENTS = KINDS["live-events"]


def _one_of(*allowed: str) -> fields.Field[Any]:
    return fields.String(load_default=None, allow_none=True, validate=validate.OneOf(allowed))


def _period() -> dict[str, fields.Field[Any]]:
    return {name: fields.AwareDateTime(load_default=None, allow_none=True) for name in ("from", "to")}


blp = Blueprint("catalogue", __name__, url_prefix="/api/v1/catalog", description="What is sold, and where and by whom")

FILTER_FIELDS: dict[str, dict[str, Any]] = {
    "organizers": {},
    "genres": {},
    "venues": {"city": fields.String(**TEXT), "country": fields.String(**TEXT)},
    "artists": {"genre_id": fields.String(**TEXT)},
    "live-events": {
        **{name: fields.String(**TEXT) for name in ("organizer_id", "venue_id", "genre_id", "artist_id")},
        "status": _one_of(*STATUSES),
        **_period(),
        "upcoming": fields.Boolean(load_default=False),
    },
    "ticket-types": {"live_event_id": fields.String(**TEXT), "category": fields.String(**TEXT)},
    "ticket-links": {"live_event_id": fields.String(**TEXT)},
    "products": {"organizer_id": fields.String(**TEXT), "category": fields.String(**TEXT)},
    "affiliates": {"status": _one_of(*AFFILIATE_STATUSES)},
    "shop-orders": {"person_id": fields.String(**TEXT), "status": _one_of(*SHOP_STATUSES), **_period()},
    "shipments": {"shop_order_id": fields.String(**TEXT), "status": _one_of(*SHIPMENT_STATUSES)},
}


def writer() -> Actor:
    """The key's actor; what it may write is decided by kind. Raises `NotSignedInError` or `ForbiddenError`."""
    actor = actor_or_none()
    if actor is None:
        return require_actor("manage_catalog")
    if not {"manage_catalog", "create_events"} & actor.permissions:
        raise ForbiddenError("this key may not change the catalogue", code="permission_missing")
    return actor


def scope(actor: Actor, path: str) -> str:
    """Where an Idempotency-Key counts: keys of two organisers must not meet in one record."""
    return f"catalog/{path}@{actor.organizer_id or 'marketplace'}"


def bulk_wire(outcomes: Sequence[RowOutcome]) -> dict[str, Any]:
    """Return the answer of a bulk call."""
    counts = Counter(item.outcome for item in outcomes)
    return {
        **{name: counts[name] for name in ("created", "updated", "unchanged", "rejected")},
        "items": [
            {
                "index": item.index,
                "external_id": item.external_id,
                "outcome": item.outcome,
                "errors": [problem.as_dict() for problem in item.errors],
            }
            for item in outcomes
        ],
    }


def bulk_body(schema: Any) -> dict[str, Any]:
    """How OpenAPI describes the body of a bulk call."""
    items = {"type": "array", "items": schema, "minItems": 1, "maxItems": 1000}
    envelope = {"type": "object", "properties": {"items": items}, "required": ["items"], "additionalProperties": False}
    return {
        "required": True,
        "content": {"application/json": {"schema": envelope}, "application/x-ndjson": {"schema": {"type": "string"}}},
    }


def _mount(kind: Kind) -> None:
    name = kind.schema.__name__.removesuffix("Row")
    args = type(f"{name}ListArgs", (ListArgs,), {**FILTER_FIELDS[kind.name], "__doc__": "Filters of the list."})
    page = ma.Schema.from_dict(
        {
            "items": fields.List(fields.Nested(kind.schema), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{name}Page",
    )
    plural = kind.name.replace("-", " ")

    class Rows(MethodView):
        @blp.doc(security=BEARER, summary=f"List {plural}", operationId=f"list_{kind.word}s")
        @blp.arguments(args, location="query")
        @blp.response(200, page)
        def get(self, args: dict[str, Any]) -> Response:
            actor = require_actor(kind.view)
            limit, cursor, search = args.pop("limit"), args.pop("cursor"), args.pop("search")
            found = list_rows(actor, kind, search=search, filters=args, limit=limit, cursor=cursor)
            return json_response({"items": found.items, "next_cursor": found.next_cursor})

        @blp.doc(
            security=BEARER,
            summary=f"Create or update {plural}",
            description="By external id, up to 1,000 rows a call, one outcome per row. Fields that are left out of a "
            "row that exists stay as they are; null empties them.",
            operationId=f"put_{kind.word}s",
            requestBody=bulk_body(kind.schema),
        )
        @blp.response(200, BulkOut)
        def put(self) -> Response:
            actor = writer()

            def work() -> Response:
                return json_response(bulk_wire(upsert_rows(actor, kind, rows_of_request())))

            return idempotent(actor.tenant_id, scope(actor, kind.name), request, work)

    class OneRow(MethodView):
        @blp.doc(security=BEARER, summary=f"Read one of the {plural}", operationId=f"get_{kind.word}")
        @blp.response(200, kind.schema)
        def get(self, external_id: str) -> Response:
            return json_response(get_row(require_actor(kind.view), kind, external_id))

    blp.route(f"/{kind.name}", endpoint=f"{kind.word}s")(Rows)
    blp.route(f"/{kind.name}/<path:external_id>", endpoint=kind.word)(OneRow)


for _kind in KINDS.values():
    _mount(_kind)


@blp.route("/persons")
class Persons(MethodView):
    """Known customers; they are read where persons are."""

    @blp.doc(security=BEARER, operationId="put_persons", requestBody=bulk_body(PersonRow))
    @blp.response(200, BulkOut)
    def put(self) -> Response:
        """Create or update persons, up to 1,000 a call; what a row leaves out stays as it is."""
        actor = require_actor("manage_catalog")

        def work() -> Response:
            return json_response(bulk_wire(upsert_person_rows(actor, rows_of_request())))

        return idempotent(actor.tenant_id, scope(actor, "persons"), request, work)


@blp.route("/live-events/<path:external_id>/status")
class LiveEventStatus(MethodView):
    """The status of one live event."""

    @blp.doc(security=BEARER)
    @blp.response(200, StatusChangeOut(many=True))
    def get(self, external_id: str) -> Response:
        """List the changes of a live event's status, newest first; the last fifty."""
        changes = status_history(require_actor(LIVE_EVENTS.view), external_id)
        return json_response(
            [{"before": it.before, "after": it.after, "reason": it.reason, "at": it.at.isoformat()} for it in changes]
        )

    @blp.doc(security=BEARER, requestBody={"content": {"application/json": {"schema": StatusIn}}})
    @blp.response(200, LIVE_EVENTS.schema)
    def post(self, external_id: str) -> Response:
        """Change the status of a live event; whoever must know, such as running ads, is told at once."""
        actor = writer()

        def work() -> Response:
            body = load(StatusIn(), json_body())
            return json_response(change_status(actor, external_id, body["status"], body["reason"]))

        return idempotent(actor.tenant_id, scope(actor, f"live-events/{external_id}/status"), request, work)
