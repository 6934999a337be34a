"""JSON endpoints of events that marketplaces define themselves."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from core.accounts.api import Actor
from core.events.api import OwnEvent
from core.idempotency import idempotent
from core.validation import load
from core.web import PageArgs, json_body, json_response, require_actor
from tracking.own_events import service
from tracking.own_events.schemas import (
    DefinitionIn,
    OwnEventDetailOut,
    OwnEventOut,
    OwnEventPageOut,
    VersionIn,
)
from tracking.registry.own import compiled
from tracking.rights import MANAGE, VIEW

blp = Blueprint("own_events", __name__, url_prefix="/api/v1/custom-events", description="Events of one's own")
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


def _body(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


@blp.route("")
class OwnEvents(MethodView):
    """All of them."""

    @blp.doc(security=SECURITY)
    @blp.arguments(PageArgs, location="query")
    @blp.response(200, OwnEventPageOut)
    def get(self, args: dict[str, Any]) -> Any:
        """Every event of the marketplace's own, with its newest version."""
        return service.list_own_events(require_actor(VIEW), **args)

    @blp.doc(security=SECURITY, requestBody=_body(DefinitionIn))
    @blp.response(201, OwnEventOut)
    def post(self) -> Response:
        """Define an event; every collector knows it within two seconds."""
        actor = require_actor(MANAGE)

        def work() -> Response:
            wanted = load(DefinitionIn(), json_body())
            return _answer(service.define(actor, service.Definition(**wanted)), 201)

        return idempotent(actor.tenant_id, "custom-events", request, work)


@blp.route("/<event_name>")
class OneOwnEvent(MethodView):
    """One of them."""

    @blp.doc(security=SECURITY)
    @blp.response(200, OwnEventDetailOut)
    def get(self, event_name: str) -> Response:
        """One event with all its versions and its JSON Schema."""
        versions = service.get_own_event(require_actor(VIEW), event_name)
        schema = compiled(asdict(versions[-1])).schema
        return json_response({"name": event_name, "versions": [_wire(item) for item in versions], "schema": schema})

    @blp.doc(security=SECURITY)
    @blp.response(200, OwnEventOut)
    def delete(self, event_name: str) -> Response:
        """Retire an event: from now on it is refused, what is stored stays."""
        return _done(require_actor(MANAGE), event_name, "retire")


@blp.post("/<event_name>/versions")
@blp.doc(security=SECURITY, requestBody=_body(VersionIn))
@blp.response(201, OwnEventOut)
def add_version(event_name: str) -> Response:
    """Add a version; it may only add optional fields, so that senders of the one before go on working."""
    actor = require_actor(MANAGE)

    def work() -> Response:
        wanted = load(VersionIn(), json_body())
        return _answer(service.extend(actor, event_name, wanted.pop("fields"), **wanted), 201)

    return idempotent(actor.tenant_id, f"custom-events/{event_name}/versions", request, work)


@blp.post("/<event_name>/restore")
@blp.doc(security=SECURITY)
@blp.response(200, OwnEventOut)
def restore(event_name: str) -> Response:
    """Accept a retired event again."""
    return _done(require_actor(MANAGE), event_name, "restore")


def _done(actor: Actor, event_name: str, what: str) -> Response:
    act = {"retire": service.retire, "restore": service.restore}[what]
    scope = f"custom-events/{event_name}/{what}"
    return idempotent(actor.tenant_id, scope, request, lambda: _answer(act(actor, event_name), 200))


def _answer(item: OwnEvent, status: int) -> Response:
    return json_response(_wire(item), status)


def _wire(item: OwnEvent) -> dict[str, Any]:
    return asdict(item)
