"""Reads a family's file and says precisely what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

SCOPES = ("necessary", "analytics", "marketing")
FAMILY_NEEDS = ("family", "sources", "scope", "retention", "events")
FAMILY_MAY = ("definitions", "trusted_only")
EVENT_NEEDS = ("description", "example")
EVENT_MAY = (
    "amount", "canonical", "entities", "payload", "pii", "retention", "scope", "sources", "trusted_only", "version",
)  # fmt: skip


class RegistryError(Exception):
    """A registry file is wrong; the message names file and event."""


_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there


class _Loader(_Safe):  # type: ignore[misc]
    """Refuses a key that stands twice; plain YAML would keep the last one without a word."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            problem = f"{key!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    mapping: dict[Any, Any] = loader.construct_mapping(node)
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a file; raises `RegistryError` naming the file."""
    try:
        data = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise RegistryError(f"{path.name}: {' '.join(str(exc).split())}") from exc
    if not isinstance(data, dict):
        raise RegistryError(f"{path.name}: must be a mapping")
    return data


def read_family(path: Path) -> dict[str, Any]:
    """Return a family with its events; raises `RegistryError` naming file and event for what is missing or unknown."""
    family = read_yaml(path)
    _check_keys(path.name, family, FAMILY_NEEDS, FAMILY_MAY)
    if not isinstance(family["events"], dict):
        raise RegistryError(f"{path.name}: 'events' must be a mapping of names")
    for name, event in family["events"].items():
        where = f"{path.name}: event {name!r}"
        if not isinstance(event, dict):
            raise RegistryError(f"{where}: must be a mapping")
        _check_keys(where, event, EVENT_NEEDS, EVENT_MAY)
        _check_event(where, event, family)
    return family


def _check_keys(where: str, found: dict[str, Any], needs: tuple[str, ...], may: tuple[str, ...]) -> None:
    missing = [key for key in needs if key not in found]
    if missing:
        raise RegistryError(f"{where}: lacks {', '.join(missing)}")
    unknown = [str(key) for key in found if key not in {*needs, *may}]
    if unknown:
        raise RegistryError(f"{where}: unknown key {', '.join(unknown)}; known: {', '.join((*needs, *may))}")


def _check_event(where: str, event: dict[str, Any], family: dict[str, Any]) -> None:
    scope = event.get("scope", family["scope"])
    if scope not in SCOPES:
        raise RegistryError(f"{where}: scope {scope!r} is not one of {', '.join(SCOPES)}")
    payload = event.get("payload", {})
    properties = payload.get("properties", {}) if isinstance(payload, dict) else {}
    named = [*event.get("pii", ()), *([event["amount"]] if "amount" in event else [])]
    for name in named:
        if name not in properties:
            raise RegistryError(f"{where}: {name!r} is no property of its payload")
    if "amount" in event and "currency" not in properties:
        raise RegistryError(f"{where}: an amount needs 'currency' beside it")
