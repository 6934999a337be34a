"""JSON endpoints of orders."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from core.catalog.order_queries import get_order, list_orders
from core.catalog.order_schemas import OrderDetailOut, OrderListArgs, OrderPageOut
from core.catalog.order_views import OrderDetail, OrderView
from core.catalog.orders import OrderResult, change_order, place_order
from core.catalog.schemas import OrderIn, OrderOut, OrderPatchIn
from core.idempotency import idempotent
from core.paging import Page
from core.web import json_body, json_response, require_actor

blp = Blueprint(
    "api_orders", __name__, url_prefix="/api/v1/orders", description="Order facts from the marketplace's backend"
)


def _wire(result: OrderResult) -> dict[str, Any]:
    return {"external_id": result.external_id, "status": result.status, "event_ids": result.event_ids}


@blp.route("")
class Orders(MethodView):
    """All orders."""

    @blp.doc(security=[{"bearer": []}])
    @blp.arguments(OrderListArgs, location="query")
    @blp.response(200, OrderPageOut)
    def get(self, args: dict[str, Any]) -> Page[OrderView]:
        """Orders, newest first. A key of an organiser sees its own lines only."""
        return list_orders(require_actor("view_orders"), **args)

    @blp.doc(security=[{"bearer": []}], requestBody={"content": {"application/json": {"schema": OrderIn}}})
    @blp.response(201, OrderOut)
    @blp.alt_response(200, schema=OrderOut, description="The same order was sent before")
    def post(self) -> Response:
        """Report an order; a completed one becomes a conversion."""
        actor = require_actor("place_orders")

        def work() -> Response:
            result = place_order(actor.tenant_id, json_body())
            return json_response(_wire(result), 201 if result.created else 200)

        return idempotent(actor.tenant_id, "orders", request, work)


@blp.route("/<path:external_id>")
class OneOrder(MethodView):
    """One order."""

    @blp.doc(security=[{"bearer": []}])
    @blp.response(200, OrderDetailOut)
    def get(self, external_id: str) -> OrderDetail:
        """One order with its lines, what is whose, and its history."""
        return get_order(require_actor("view_orders"), external_id)

    @blp.doc(security=[{"bearer": []}], requestBody={"content": {"application/json": {"schema": OrderPatchIn}}})
    @blp.response(200, OrderOut)
    def patch(self, external_id: str) -> Response:
        """Change an order's state: complete, refund, cancel, charge back."""
        actor = require_actor("place_orders")

        def work() -> Response:
            return json_response(_wire(change_order(actor.tenant_id, external_id, json_body())), 200)

        return idempotent(actor.tenant_id, f"orders/{external_id}", request, work)
