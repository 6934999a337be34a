"""Validation of a code's settings: a marshmallow schema derived from the plugin's dataclass and the common fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import marshmallow as ma

from adrail import Platform
from core.codes.canonical import CONVERSIONS
from core.codes.fields import LIST, PluginField, fires, plugin_fields, public_id_name
from core.errors import InvalidInputError
from core.validation import field_problems

MAX_TEXT = 4_096
MAX_PARAMS = 20
PARAM_NAME = re.compile(r"[A-Za-z]\w{0,39}", re.ASCII)
MAX_PARAM_TEXT = 100


@dataclass(frozen=True, slots=True)
class CleanSettings:
    """Validated settings, taken apart.

    ``stored`` is what the code's row keeps (no secret, no public id). ``secrets`` are the ones newly given;
    ``forget_secrets`` says that one was explicitly set to null.
    """

    public_id: str
    stored: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    forget_secrets: bool


class Text(ma.fields.String):
    """Text without surrounding blanks (people paste) and without control characters (values enter scripts)."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if len(text) > MAX_TEXT or any(ord(char) < 32 for char in text):
            raise ma.ValidationError(f"must be one line of at most {MAX_TEXT} characters")
        return text


class TextList(ma.fields.List[str]):
    """A list of texts, or one text with commas as forms send it."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, str):
            value = [part for part in (item.strip() for item in value.split(",")) if part]
        return super()._deserialize(value, attr, data, **kwargs)


_PARAM_HELP = (
    "use a name of letters, digits and _ (at most 40) and a value that is a whole number, true, false"
    f" or one line of text (at most {MAX_PARAM_TEXT})"
)


def _check_params(value: Any) -> None:
    if not isinstance(value, dict) or len(value) > MAX_PARAMS:
        raise ma.ValidationError(f"must be an object with at most {MAX_PARAMS} entries")
    problems = {key: [_PARAM_HELP] for key, item in value.items() if not _good_param(key, item)}
    if problems:
        raise ma.ValidationError(problems)


def _good_param(key: Any, value: Any) -> bool:
    if not isinstance(key, str) or not PARAM_NAME.fullmatch(key):
        return False
    if isinstance(value, str):
        return len(value) <= MAX_PARAM_TEXT and value.isprintable()
    return isinstance(value, (bool, int)) and abs(value) < 2**53


def settings_schema(platform: Platform) -> ma.Schema:
    """Return the schema of a platform's settings; unknown fields are refused."""
    fields: dict[str, Any] = {item.name: _field(item) for item in plugin_fields(platform)}
    fields["conversion_events"] = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(CONVERSIONS)),
        allow_none=True,
        validate=ma.validate.Length(min=1, error="choose at least one; to stop everything, switch the code off"),
    )
    fields["consent_purpose"] = ma.fields.String(allow_none=True, validate=ma.validate.OneOf(platform.consent_purposes))
    fields["custom_params"] = ma.fields.Raw(allow_none=True, validate=_check_params)
    return ma.Schema.from_dict(fields)(unknown=ma.RAISE)


def _field(item: PluginField) -> Any:
    # A secret may be missing here: an existing connection may hold it. The service asks for it where none does.
    options: dict[str, Any] = {"allow_none": item.info.secret or not item.required}
    if item.required and not item.info.secret:
        options["required"] = True
        options["error_messages"] = {"required": f"{item.info.label} is missing"}
    if item.type is bool:
        return ma.fields.Boolean(**options)
    checks = [_check_text(item)]
    if item.type is int:
        return ma.fields.Integer(validate=checks, **options)
    if item.type is Decimal:
        return ma.fields.Decimal(validate=checks, allow_nan=False, **options)
    if item.type == LIST:
        return TextList(Text(validate=checks), **options)
    return Text(validate=checks, **options)


def _check_text(item: PluginField) -> Any:
    compiled = re.compile(item.info.pattern or ".*")
    example = f", for example {item.info.example}" if item.info.example else ""

    def check(value: Any) -> None:
        if value == "":
            # An empty secret means «unchanged», an empty optional field «not set».
            if item.required and not item.info.secret:
                raise ma.ValidationError(f"{item.info.label} is missing")
        elif not compiled.fullmatch(str(value)):
            raise ma.ValidationError(f"this does not look like a {item.info.label}{example}")

    return check


def clean_settings(platform: Platform, raw: Mapping[str, Any]) -> CleanSettings:
    """Validate settings as a form or a client sends them; raises `InvalidInputError` naming every wrong field."""
    try:
        loaded: dict[str, Any] = settings_schema(platform).load(dict(raw))
    except ma.ValidationError as exc:
        problems = list(field_problems(exc.messages, "/settings"))
        raise InvalidInputError(f"{len(problems)} setting(s) need attention", errors=problems) from None
    stored = _common(platform, loaded)
    secrets: dict[str, str] = {}
    for item in plugin_fields(platform):
        value = loaded.get(item.name)
        if item.info.secret:
            if value:
                secrets[item.name] = value
        elif value is not None and not item.info.public_id:
            stored[item.name] = _jsonable(value)
    forget = any(item.info.secret and raw.get(item.name, "") is None for item in plugin_fields(platform))
    return CleanSettings(loaded[public_id_name(platform)], stored, secrets, forget)


def _common(platform: Platform, loaded: Mapping[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = {"consent_purpose": loaded.get("consent_purpose") or platform.consent_purposes[0]}
    chosen = loaded.get("conversion_events")
    # «All» is not written down, so that a conversion that comes later is part of it.
    if chosen is not None and not set(fires(platform)) <= set(chosen):
        stored["conversion_events"] = [name for name in CONVERSIONS if name in chosen]
    if loaded.get("custom_params"):
        stored["custom_params"] = loaded["custom_params"]
    return stored


def plugin_settings(platform: Platform, public_id: str, stored: Mapping[str, Any]) -> Any:
    """Build the plugin's own settings object from a stored code. Secrets are empty: they are never here."""
    values: dict[str, Any] = {}
    for item in plugin_fields(platform):
        if item.info.public_id:
            values[item.name] = public_id
        elif item.info.secret:
            values[item.name] = ""
        elif item.name in stored:
            values[item.name] = _typed(item.type, stored[item.name])
    return platform.settings(**values)


def plugin_values(platform: Platform, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plugin's own part of stored settings, without the common fields."""
    names = {item.name for item in plugin_fields(platform)}
    return {name: value for name, value in stored.items() if name in names}


def _jsonable(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _typed(kind: Any, value: Any) -> Any:
    if kind == LIST:
        return tuple(value)
    return Decimal(value) if kind is Decimal else value
