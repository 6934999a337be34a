"""Settings and credentials to try a platform with, made from its own schema as core makes them from a form."""

from __future__ import annotations

import re
from dataclasses import MISSING
from decimal import Decimal
from typing import Any

from adrail.platform import Platform
from adrail.settings import SettingInfo, public_id_field, setting_fields
from adrail.testing.factories import SECRET
from adrail.testing.verdict import broken


def public_example(platform: Platform) -> str:
    """Return the example of the field that holds the public id."""
    name = public_id_field(platform.settings)
    example = next(info.example for item, info in setting_fields(platform.settings) if item.name == name)
    if not example:
        broken(
            "The public id has an example: the form shows it and the kit sends with it",
            found=f"{name} without example",
            mend=f'{name}: str = setting(…, public_id=True, example="…")',
        )
    return example


def made_up_credentials(platform: Platform) -> dict[str, str]:
    """Return a secret for every secret field: a made-up one where the pattern allows it, else the example."""
    return {item.name: _secret(info) for item, info in setting_fields(platform.settings) if info.secret}


def connection_settings(platform: Platform) -> dict[str, Any]:
    """Return what a connection's settings hold when nobody changed anything: plain JSON, no secret, no public id."""
    return {
        item.name: as_json(item.default)
        for item, info in setting_fields(platform.settings)
        if not (info.secret or info.public_id) and item.default is not MISSING
    }


def settings_object(platform: Platform, *, secret: str = "") -> Any:
    """Return the plugin's settings: examples for what is required, defaults for the rest."""
    values: dict[str, Any] = {}
    for item, info in setting_fields(platform.settings):
        if info.secret:
            values[item.name] = secret
        elif item.default is MISSING:
            values[item.name] = info.example
    return platform.settings(**values)


def as_json(value: Any) -> Any:
    """Return a setting's value as the database keeps it."""
    if isinstance(value, Decimal):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def from_json(value: Any, kind: Any) -> Any:
    """Return a stored value as the settings class wants it."""
    if kind is Decimal:
        return Decimal(value)
    return tuple(value) if isinstance(value, list) else value


def _secret(info: SettingInfo) -> str:
    if not info.pattern or re.fullmatch(info.pattern, SECRET):
        return SECRET
    return info.example
