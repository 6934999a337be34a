"""The JSON endpoint of the capture rate."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from core.events.api import CaptureDay
from core.paging import Page
from core.web import PageArgs, require_actor
from tracking.capture import service
from tracking.rights import VIEW

blp = Blueprint("capture", __name__, url_prefix="/api/v1/collection", description="How collecting goes")
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]


class CaptureArgs(PageArgs):
    """Which sites."""

    site_id = ma.fields.String(load_default=None, validate=ma.validate.Length(max=64))


class CaptureDayOut(ma.Schema):
    """One site and local day."""

    day = ma.fields.Date(required=True)
    site_id = ma.fields.String(required=True, metadata={"description": "empty: the events named no site"})
    visitors = ma.fields.Integer(required=True)
    received = ma.fields.Integer(required=True)
    missing = ma.fields.Integer(required=True, metadata={"description": "numbers left out between received ones"})
    rate = ma.fields.Float(required=True, metadata={"description": "received / (received + missing)"})
    computed_at = ma.fields.AwareDateTime(required=True)


class CapturePageOut(ma.Schema):
    """A page of sites and days, newest first."""

    items = ma.fields.List(ma.fields.Nested(CaptureDayOut), required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


@blp.get("/capture")
@blp.doc(security=SECURITY)
@blp.arguments(CaptureArgs, location="query")
@blp.response(200, CapturePageOut)
def list_capture(args: dict[str, Any]) -> Page[CaptureDay]:
    """The share of the events sent by browsers that arrived, per site and local day."""
    return service.page(require_actor(VIEW), **args)
