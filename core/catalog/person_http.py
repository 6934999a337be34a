"""JSON endpoints of persons: looking them up, possible duplicates, merging and taking it back."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from core.accounts.api import Actor
from core.catalog.person_merging import (
    MergePreview,
    demand_whole_marketplace,
    dismiss_duplicate,
    merge_persons,
    preview_merge,
    unmerge_person,
)
from core.catalog.person_queries import get_person, list_duplicates, list_persons
from core.catalog.person_schemas import (
    MergeIn,
    MergePreviewOut,
    PersonDetailOut,
    PersonListArgs,
    PersonPageOut,
    PreviewArgs,
    SuggestionPageOut,
)
from core.catalog.person_views import PersonDetail, PersonRow, Suggestion
from core.idempotency import idempotent
from core.paging import Page
from core.validation import load
from core.web import PageArgs, json_body, json_response, require_actor

VIEW, CHANGE = "view_persons", "manage_catalog"
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]
MERGE_BODY = {"content": {"application/json": {"schema": MergeIn}}}

blp = Blueprint("api_persons", __name__, url_prefix="/api/v1/persons", description="Known customers, masked")


@blp.get("")
@blp.doc(security=BEARER)
@blp.arguments(PersonListArgs, location="query")
@blp.response(200, PersonPageOut)
def show_persons(args: dict[str, Any]) -> Page[PersonRow]:
    """Persons, newest first, or whom a whole e-mail address, phone number or external id finds."""
    return list_persons(require_actor(VIEW), **args)


@blp.get("/duplicates")
@blp.doc(security=BEARER)
@blp.arguments(PageArgs, location="query")
@blp.response(200, SuggestionPageOut)
def show_duplicates(args: dict[str, Any]) -> Page[Suggestion]:
    """Pairs with the same address or number that nobody has decided on."""
    return list_duplicates(require_actor(VIEW), **args)


@blp.post("/duplicates/<int:suggestion_id>/dismiss")
@blp.doc(security=BEARER)
@blp.response(204)
def dismiss(suggestion_id: int) -> Response:
    """Say that two persons with the same address or number are not the same."""
    actor = require_actor(CHANGE)

    def work() -> Response:
        dismiss_duplicate(actor, suggestion_id)
        return Response(status=204)

    return _once(actor, f"duplicates/{suggestion_id}", work)


@blp.get("/<path:external_id>/merge")
@blp.doc(security=BEARER)
@blp.arguments(PreviewArgs, location="query")
@blp.response(200, MergePreviewOut)
def show_merge(args: dict[str, str], external_id: str) -> MergePreview:
    """What merging somebody into this person would do."""
    return preview_merge(require_actor(VIEW), external_id, args["merged"])


@blp.post("/<path:external_id>/merge")
@blp.doc(security=BEARER, requestBody=MERGE_BODY)
@blp.response(200, PersonDetailOut)
def merge(external_id: str) -> Response:
    """Let this person stand for another, too: its orders, events, visitors and consent."""
    actor = require_actor(CHANGE)

    def work() -> Response:
        merge_persons(actor, external_id, load(MergeIn(), json_body())["merged"])
        return _detail(actor, external_id)

    return _once(actor, f"{external_id}/merge", work)


@blp.post("/<path:external_id>/unmerge")
@blp.doc(security=BEARER)
@blp.response(200, PersonDetailOut)
def unmerge(external_id: str) -> Response:
    """Take the merge of this person back: what came under its name is its own again."""
    actor = require_actor(CHANGE)

    def work() -> Response:
        unmerge_person(actor, external_id)
        return _detail(actor, external_id)

    return _once(actor, f"{external_id}/unmerge", work)


@blp.get("/<path:external_id>")
@blp.doc(security=BEARER)
@blp.response(200, PersonDetailOut)
def show_person(external_id: str) -> PersonDetail:
    """One person: consent, visitors, merged names; clear values are not told."""
    return get_person(require_actor(VIEW), external_id)


def _detail(actor: Actor, external_id: str) -> Response:
    return json_response(PersonDetailOut().dump(get_person(actor, external_id)))


def _once(actor: Actor, scope: str, work: Any) -> Response:
    demand_whole_marketplace(actor)
    return idempotent(actor.tenant_id, f"persons/{scope}", request, work)
