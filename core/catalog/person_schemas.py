"""Wire forms of persons that are read and merged."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.web import PageArgs

ID = validate.Length(min=1, max=128)
MASKED: dict[str, Any] = {"required": True, "allow_none": True, "metadata": {"description": "masked"}}


class PersonListArgs(PageArgs):
    """Whom to look for."""

    search = fields.String(
        load_default="",
        validate=validate.Length(max=254),
        metadata={"description": "a whole e-mail address, phone number or external id"},
    )


class PersonRowOut(ma.Schema):
    """A person in a list; what names them is masked."""

    external_id = fields.String(required=True)
    name = fields.String(**MASKED)
    contact = fields.String(**MASKED)
    city = fields.String(required=True, allow_none=True)
    country = fields.String(required=True, allow_none=True)
    marketing_consent = fields.Boolean(required=True, allow_none=True)
    data_processing_consent = fields.Boolean(required=True, allow_none=True)
    merged_into = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class PersonPageOut(ma.Schema):
    """A page of persons, newest first."""

    items = fields.List(fields.Nested(PersonRowOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MergedNameOut(ma.Schema):
    """Somebody that the person stands for."""

    external_id = fields.String(required=True)
    merged_into = fields.String(required=True)
    merged_at = fields.AwareDateTime(required=True)
    merged_by = fields.String(required=True)


class ConsentWordOut(ma.Schema):
    """The last word on a purpose."""

    purpose = fields.String(required=True)
    granted = fields.Boolean(required=True)
    since = fields.AwareDateTime(required=True)
    name = fields.String(required=True, metadata={"description": "external id it was said under"})
    source = fields.String(required=True)


class VisitOut(ma.Schema):
    """A visitor who was this person."""

    visitor_id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    source = fields.String(required=True)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, allow_none=True)


class SuggestionOut(ma.Schema):
    """Two persons with the same address or number."""

    id = fields.String(required=True)
    first = fields.Nested(PersonRowOut, required=True)
    second = fields.Nested(PersonRowOut, required=True)
    reason = fields.String(required=True, validate=validate.OneOf(["email", "phone"]))
    noticed_at = fields.AwareDateTime(required=True)


class SuggestionPageOut(ma.Schema):
    """A page of suggestions, newest first."""

    items = fields.List(fields.Nested(SuggestionOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PersonDetailOut(ma.Schema):
    """One person; clear values are not told by the API."""

    person = fields.Nested(PersonRowOut, required=True)
    masked = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    age_band = fields.String(required=True, allow_none=True)
    gender = fields.String(required=True, allow_none=True)
    merged = fields.List(fields.Nested(MergedNameOut), required=True)
    consent = fields.List(fields.Nested(ConsentWordOut), required=True)
    visits = fields.List(fields.Nested(VisitOut), required=True)
    suggestions = fields.List(fields.Nested(SuggestionOut), required=True)


class MergeIn(ma.Schema):
    """Who is the same person."""

    merged = fields.String(
        required=True, validate=ID, metadata={"description": "external id of who disappears behind this person"}
    )


class MergeSideOut(ma.Schema):
    """One of two persons about to be one."""

    external_id = fields.String(required=True)
    names = fields.List(fields.String(), required=True)
    orders = fields.Integer(required=True)
    visitors = fields.Integer(required=True)
    consent = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)


class MergePreviewOut(ma.Schema):
    """What merging would do; ``consent`` is what holds afterwards."""

    survivor = fields.Nested(MergeSideOut, required=True)
    merged = fields.Nested(MergeSideOut, required=True)
    consent = fields.Dict(keys=fields.String(), values=fields.Boolean(), required=True)


class PreviewArgs(ma.Schema):
    """Whom to merge."""

    merged = fields.String(required=True, validate=ID)
