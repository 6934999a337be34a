"""Settings of a plugin: a frozen dataclass whose fields carry what form, validation, masking and docs need."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

METADATA_KEY = "adrail.setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInfo:
    """What one settings field means to a person and to the validator.

    ``pattern`` is a hard full-match regular expression; ``usual`` one whose miss only warns. Exactly one field of a
    schema has ``public_id=True``: the id that pages carry (pixel, measurement or container id).
    """

    label: str
    help: str = ""
    pattern: str = ""
    usual: str = ""
    example: str = ""
    placeholder: str = ""
    secret: bool = False
    public_id: bool = False


def setting(
    *,
    label: str,
    help: str = "",
    pattern: str = "",
    usual: str = "",
    example: str = "",
    placeholder: str = "",
    secret: bool = False,
    public_id: bool = False,
    default: Any = MISSING,
) -> Any:
    """Declare one settings field of a frozen dataclass; without ``default`` the field is required.

    Supported types: ``str``, ``bool``, ``int``, ``Decimal`` and ``tuple[str, ...]``.
    """
    info = SettingInfo(
        label=label,
        help=help,
        pattern=pattern,
        usual=usual,
        example=example,
        placeholder=placeholder,
        secret=secret,
        public_id=public_id,
    )
    if default is MISSING:
        return field(metadata={METADATA_KEY: info})
    return field(default=default, metadata={METADATA_KEY: info})


def setting_fields(schema: type[Any]) -> list[tuple[Field[Any], SettingInfo]]:
    """Return the declared fields of a settings class, in order, each with its `SettingInfo`."""
    return [(item, item.metadata[METADATA_KEY]) for item in fields(schema) if METADATA_KEY in item.metadata]


def public_id_field(schema: type[Any]) -> str:
    """Return the name of the field that holds the public id; raises `TypeError` unless there is exactly one."""
    names = [item.name for item, info in setting_fields(schema) if info.public_id]
    if len(names) != 1:
        raise TypeError(f"{schema.__name__} must mark exactly one field with public_id=True, found {names}")
    return names[0]
