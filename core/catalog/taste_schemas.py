"""Wire forms of what persons like: whom they follow, and tastes brought from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from core.catalog.catalog_fields import Text
from core.catalog.catalog_schemas import InsteadFields
from core.web import PageArgs

ID = validate.Length(1, 128)
FOLLOWED = ("artist", "organizer", "venue", "genre", "live_event")
LIKED = ("genre", "artist", "word")


class FollowRow(InsteadFields):
    """A person follows something of the catalogue, or no longer does."""

    person_id = fields.String(required=True, validate=ID)
    subject_kind = fields.String(required=True, validate=validate.OneOf(FOLLOWED))
    subject_id = fields.String(required=True, validate=ID)
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    following = fields.Boolean(load_default=True)


class TasteConsent(InsteadFields):
    """Whether the person agreed that this taste is used, and when they said so."""

    granted = fields.Boolean(required=True)
    captured_at = fields.AwareDateTime(required=True)


class InterestRow(InsteadFields):
    """A taste from elsewhere. Without consent it may not be used; a denial is remembered until the taste ends."""

    person_id = fields.String(required=True, validate=ID)
    source = Text(80, required=True, metadata={"description": "where it was learnt, such as a music service"})
    subject_kind = fields.String(required=True, validate=validate.OneOf(LIKED))
    subject = Text(128, required=True, metadata={"description": "external id of a genre or artist, or a word"})
    weight = fields.Decimal(
        places=3, load_default=1, validate=validate.Range(0, 1), metadata={"default": 1, "minimum": 0, "maximum": 1}
    )
    consent = fields.Nested(TasteConsent, required=True)
    expires_at = fields.AwareDateTime(required=True)

    @ma.validates_schema(skip_on_field_errors=True)
    def _not_over(self, data: dict[str, Any], **_: Any) -> None:
        if data["expires_at"] <= datetime.now(UTC) and data["consent"]["granted"]:
            raise ma.ValidationError("is over already; send a moment that is still to come", "expires_at")


class TasteArgs(PageArgs):
    """Whose, and of what."""

    person_id = fields.String(load_default=None, allow_none=True, validate=ID)
    subject_kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf((*FOLLOWED, "word")))


class FollowArgs(TasteArgs):
    """Which follows."""

    subject_id = fields.String(load_default=None, allow_none=True, validate=ID)


class InterestArgs(TasteArgs):
    """Which tastes."""

    subject = fields.String(load_default=None, allow_none=True, validate=ID)


class FollowOut(ma.Schema):
    """One follow."""

    person_id = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.String(required=True, allow_none=True)
    since = fields.AwareDateTime(required=True)


class InterestOut(ma.Schema):
    """One taste that may be used."""

    person_id = fields.String(required=True)
    source = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject = fields.String(required=True)
    weight = fields.Float(required=True)
    consented_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)


class FollowPageOut(ma.Schema):
    """A page of follows, the latest first."""

    items = fields.List(fields.Nested(FollowOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class InterestPageOut(ma.Schema):
    """A page of tastes, the latest first."""

    items = fields.List(fields.Nested(InterestOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
