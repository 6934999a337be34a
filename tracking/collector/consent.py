"""Reading and stating consent: one's own visitor with the write key, a person with a server key."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from core.db.session import tenant_session
from core.errors import FieldProblem, InvalidInputError, UnavailableError
from core.json_input import parse_json
from core.privacy.api import DIRECT_SOURCE, PURPOSES, ConsentStatement, current_consent, record_statements
from core.validation import load
from core.web import json_response, preflight
from tracking.collector.body import read_body
from tracking.collector.caller import Caller, identify, limit, limits_of
from tracking.collector.http import with_cors
from tracking.collector.service import clock_skew

blp = Blueprint("consent", __name__, url_prefix="/api/tx", description="What visitors and persons agreed to")
blp.after_request(with_cors)
SECURITY: list[dict[str, list[str]]] = [{"write_key": []}, {"bearer": []}]
STORABLE = validate.Regexp(r"[^\0]*\Z", error="leave out the character NUL")
VISITOR = validate.And(validate.Length(min=1, max=64), STORABLE)
PERSON = validate.And(validate.Length(min=1, max=128), STORABLE)


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


class Subject(ma.Schema):
    """Whose consent."""

    class Meta:
        """The query carries the key too."""

        unknown = ma.EXCLUDE

    visitor_id = fields.String(validate=VISITOR)
    person_id = fields.String(validate=PERSON)


class ConsentPut(Subject):
    """Whose consent, and what it says."""

    region = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=16))
    sent_at = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "the sender's clock when sending; corrects its skew", "format": "date-time"},
    )
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
    caller = identify(request.environ)
    data = load(ConsentPut(), parse_json(read_body(request.environ)))
    subject_type, subject_id = _subject(data, caller)
    # A withdrawal needs the database only; it must not wait for those who count requests.
    with contextlib.suppress(UnavailableError):
        limit(limits_of(caller, [subject_id]))
    said = data["consent"]
    statement = ConsentStatement(
        subject_type,
        subject_id,
        {purpose: said[purpose] for purpose in PURPOSES if said[purpose] is not None},
        DIRECT_SOURCE,
        _said_at(said["captured_at"], data["sent_at"]),
        said["copy_hash"],
        data["region"],
    )
    with tenant_session(caller.tenant_id) as session:
        record_statements(session, caller.tenant_id, [statement])
    return _answer(caller, subject_type, subject_id)


@blp.route("/consent", methods=["GET"])
@blp.doc(
    security=SECURITY,
    parameters=[{"in": "query", "name": name, "schema": {"type": "string"}} for name in ("visitor_id", "person_id")],
)
@blp.response(200, ConsentOut)
def get() -> Response:
    """Read the latest word per purpose."""
    caller = identify(request.environ)
    return _answer(caller, *_subject(load(Subject(), request.args.to_dict()), caller))


@blp.route("/consent", methods=["OPTIONS"])
@blp.doc(responses={"204": {"description": "CORS preflight"}})
def options() -> Response:
    """Answer a CORS preflight."""
    return preflight("GET, PUT")


def _said_at(captured_at: datetime | None, sent_at: str | None) -> datetime:
    """When it was said, by our clock. A statement from the future would outrank later ones."""
    now = datetime.now(UTC)
    try:
        return min(captured_at + clock_skew(sent_at, now), now) if captured_at else now
    except OverflowError:
        return now


def _subject(data: dict[str, Any], caller: Caller) -> tuple[str, str]:
    names = ["visitor_id", "person_id"] if caller.trusted else ["visitor_id"]
    given = [name for name in ("visitor_id", "person_id") if data.get(name)]
    if len(given) != 1 or given[0] not in names:
        rule = "send either visitor_id or person_id" if caller.trusted else "send visitor_id"
        raise InvalidInputError("whose consent?", errors=[FieldProblem("/visitor_id", "required", rule)])
    return given[0].removesuffix("_id"), str(data[given[0]])


def _answer(caller: Caller, subject_type: str, subject_id: str) -> Response:
    with tenant_session(caller.tenant_id) as session:
        known = current_consent(session, caller.tenant_id, subject_type, subject_id)
    response = json_response({"subject_type": subject_type, "subject_id": subject_id, "consent": known})
    response.headers["Cache-Control"] = "private, no-store"
    return response
