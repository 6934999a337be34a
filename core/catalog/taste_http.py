"""JSON endpoints of what persons like: whom they follow, tastes from elsewhere."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from core.catalog.bulk_body import rows_of_request
from core.catalog.catalog_http import BEARER, bulk_body, bulk_wire, scope
from core.catalog.catalog_schemas import BulkOut
from core.catalog.taste_queries import list_follows, list_interests
from core.catalog.taste_schemas import (
    FollowArgs,
    FollowPageOut,
    FollowRow,
    InterestArgs,
    InterestPageOut,
    InterestRow,
)
from core.catalog.tastes import upsert_follows, upsert_interests
from core.idempotency import idempotent
from core.paging import Page
from core.web import json_response, require_actor

VIEW, CHANGE = "view_persons", "manage_catalog"

blp = Blueprint("tastes", __name__, url_prefix="/api/v1/catalog", description="What persons like")


@blp.route("/follows")
class Follows(MethodView):
    """Who follows what."""

    @blp.doc(security=BEARER, operationId="list_follows")
    @blp.arguments(FollowArgs, location="query")
    @blp.response(200, FollowPageOut)
    def get(self, args: dict[str, Any]) -> Page[dict[str, Any]]:
        """List who follows what, the latest first."""
        return list_follows(require_actor(VIEW), **args)

    @blp.doc(security=BEARER, operationId="put_follows", requestBody=bulk_body(FollowRow))
    @blp.response(200, BulkOut)
    def put(self) -> Response:
        """Note who follows what, up to 1,000 rows a call; `following: false` ends it."""
        actor = require_actor(CHANGE)

        def work() -> Response:
            return json_response(bulk_wire(upsert_follows(actor, rows_of_request())))

        return idempotent(actor.tenant_id, scope(actor, "follows"), request, work)


@blp.route("/interests")
class Interests(MethodView):
    """Tastes from elsewhere."""

    @blp.doc(security=BEARER, operationId="list_interests")
    @blp.arguments(InterestArgs, location="query")
    @blp.response(200, InterestPageOut)
    def get(self, args: dict[str, Any]) -> Page[dict[str, Any]]:
        """List tastes that may be used now, the latest first."""
        return list_interests(require_actor(VIEW), **args)

    @blp.doc(security=BEARER, operationId="put_interests", requestBody=bulk_body(InterestRow))
    @blp.response(200, BulkOut)
    def put(self) -> Response:
        """Note tastes from elsewhere, up to 1,000 rows a call; the latest consent or denial counts."""
        actor = require_actor(CHANGE)

        def work() -> Response:
            return json_response(bulk_wire(upsert_interests(actor, rows_of_request())))

        return idempotent(actor.tenant_id, scope(actor, "interests"), request, work)
