"""Reading and stating consent: one's own visitor with the write key, a person with a server key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from core.accounts.api import SiteKey
from core.db.session import tenant_session
from core.errors import FieldProblem, ForbiddenError, InvalidInputError
from core.privacy.api import PURPOSES, ConsentStatement, current_consent, record_statements
from core.validation import load
from core.web import (
    allow_origin,
    bearer_key,
    json_response,
    origin_allowed,
    preflight,
    require_actor,
    site_from_request,
)
from tracking.collector.body import read_json

blp = Blueprint("consent", __name__, url_prefix="/api/tx", description="What visitors and persons agreed to")
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}, {"bearer": []}]
ID = validate.Length(min=1, max=128)


class PurposesIn(ma.Schema):
    """The statement: each purpose granted or denied, and when it was said."""

    class Meta:
        """Later purposes must not break older senders."""

        unknown = ma.EXCLUDE

    analytics = fields.Boolean(required=True)
    marketing = fields.Boolean(required=True)
    data_processing = fields.Boolean(load_default=None, allow_none=True)
    captured_at = fields.AwareDateTime(load_default=None, allow_none=True)
    copy_hash = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=128))


class ConsentPut(ma.Schema):
    """Whose consent, and what it says."""

    visitor_id = fields.String(validate=validate.Length(min=1, max=64))
    person_id = fields.String(validate=ID)
    region = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=16))
    consent = fields.Nested(PurposesIn, required=True)


class PurposeOut(ma.Schema):
    """The latest word on one purpose."""

    granted = fields.Boolean(required=True)
    since = fields.AwareDateTime(required=True)


class ConsentOut(ma.Schema):
    """The latest word per purpose; a purpose never spoken of is missing."""

    subject_type = fields.String(required=True)
    subject_id = fields.String(required=True)
    consent = fields.Dict(keys=fields.String(), values=fields.Nested(PurposeOut), required=True)


@blp.route("/consent", methods=["PUT"])
@blp.doc(security=SECURITY, requestBody={"content": {"application/json": {"schema": ConsentPut}}})
@blp.response(200, ConsentOut)
def put() -> Response:
    """State consent. It is written at once: a withdrawal also stops what waits to be sent."""
    tenant_id, site = _caller()
    data = load(ConsentPut(), read_json(request))
    subject_type, subject_id = _subject(data, site)
    said = data["consent"]
    now = datetime.now(UTC)
    captured = said["captured_at"]
    statement = ConsentStatement(
        subject_type,
        subject_id,
        {purpose: said[purpose] for purpose in PURPOSES if said[purpose] is not None},
        "consent_api",
        # A sender's clock may run ahead; a statement from the future would outrank later ones.
        min(captured, now) if captured else now,
        said["copy_hash"],
        data["region"],
    )
    with tenant_session(tenant_id) as session:
        record_statements(session, tenant_id, [statement])
    return _answer(tenant_id, subject_type, subject_id, site)


@blp.route("/consent", methods=["GET"])
@blp.doc(
    security=SECURITY,
    parameters=[{"in": "query", "name": name, "schema": {"type": "string"}} for name in ("visitor_id", "person_id")],
)
@blp.response(200, ConsentOut)
def get() -> Response:
    """Read the latest word per purpose."""
    tenant_id, site = _caller()
    subject_type, subject_id = _subject(dict(request.args), site)
    return _answer(tenant_id, subject_type, subject_id, site)


@blp.route("/consent", methods=["OPTIONS"])
@blp.doc(responses={"204": {"description": "CORS preflight"}})
def options() -> Response:
    """Answer a CORS preflight."""
    return preflight("GET, PUT")


def _caller() -> tuple[int, SiteKey | None]:
    if bearer_key():
        return require_actor("collect").tenant_id, None
    site = site_from_request()
    if not origin_allowed(site):
        raise ForbiddenError("this origin is not on the site's list", code="origin_not_allowed")
    return site.tenant_id, site


def _subject(data: dict[str, Any], site: SiteKey | None) -> tuple[str, str]:
    names = ["visitor_id"] if site else ["visitor_id", "person_id"]
    given = [name for name in ("visitor_id", "person_id") if data.get(name)]
    if len(given) != 1 or given[0] not in names:
        rule = "send visitor_id" if site else "send either visitor_id or person_id"
        raise InvalidInputError("whose consent?", errors=[FieldProblem("/visitor_id", "required", rule)])
    return given[0].removesuffix("_id"), str(data[given[0]])


def _answer(tenant_id: int, subject_type: str, subject_id: str, site: SiteKey | None) -> Response:
    with tenant_session(tenant_id) as session:
        known = current_consent(session, tenant_id, subject_type, subject_id)
    response = json_response({"subject_type": subject_type, "subject_id": subject_id, "consent": known})
    response.headers["Cache-Control"] = "private, no-store"
    return allow_origin(response, site) if site else response
