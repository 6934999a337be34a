"""How fields of the wire are described in OpenAPI where the framework would say something else."""

from __future__ import annotations

from typing import Any

from marshmallow import fields


def decimal_as_text(_: object, field: fields.Field[Any], **_described: Any) -> dict[str, Any]:
    """Describe decimals that are written as strings as strings; money never travels as a number."""
    if not (isinstance(field, fields.Decimal) and field.as_string):
        return {}
    return {"type": ["string", "null"] if field.allow_none else "string"}
