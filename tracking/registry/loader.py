"""Reads the families and compiles one validator per event name and version."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from tracking.registry.files import RegistryError, read_family, read_yaml
from tracking.registry.limits import no_deeper

FOLDER = Path(__file__).parent
VISITOR_SOURCES = {"web", "mobile"}


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One version of an event: its rules and its compiled schema."""

    name: str
    version: int
    family: str
    description: str
    sources: frozenset[str]
    scope: str
    canonical: str | None
    required_entities: tuple[str, ...]
    trusted_only: bool
    retention: str
    pii: tuple[str, ...]
    amount_field: str | None
    payload_schema: dict[str, Any]
    example: dict[str, Any]
    schema: dict[str, Any]
    validator: jsonschema_rs.Validator


class Registry:
    """Event specifications by name and version."""

    def __init__(self, specs: Iterable[EventSpec]) -> None:
        self._specs: dict[str, dict[int, EventSpec]] = {}
        for spec in specs:
            versions = self._specs.setdefault(spec.name, {})
            if spec.version in versions:
                raise RegistryError(f"event {spec.name!r} version {spec.version} is defined twice")
            versions[spec.version] = spec

    def find(self, name: str, version: int) -> EventSpec | None:
        """The specification, or None when name or version is not known."""
        return self._specs.get(name, {}).get(version)

    def versions(self, name: str) -> list[int]:
        """Known versions of a name, empty when the name is not known."""
        return sorted(self._specs.get(name, {}))

    def all(self) -> list[EventSpec]:
        """Every specification, by family and name."""
        specs = [spec for versions in self._specs.values() for spec in versions.values()]
        return sorted(specs, key=lambda item: (item.family, item.name, item.version))


def load(folder: Path = FOLDER) -> Registry:
    """Read all families; raises `RegistryError` for a file that cannot be used, naming file and event."""
    envelope = read_envelope(folder)
    specs: list[EventSpec] = []
    for path in sorted((folder / "v1").glob("*.yaml")):
        family = read_family(path)
        specs.extend(build_spec(path.name, family, name, event, envelope) for name, event in family["events"].items())
    return Registry(specs)


def read_envelope(folder: Path = FOLDER) -> dict[str, Any]:
    """The envelope's schema, which every event shares."""
    return read_yaml(folder / "envelope.yaml")


def build_spec(
    where: str, family: dict[str, Any], name: str, event: dict[str, Any], envelope: dict[str, Any]
) -> EventSpec:
    """Compile one event of a family; raises `RegistryError` that begins with ``where`` when its schema is none."""
    payload = {"type": "object", **event.get("payload", {})}
    sources = frozenset(event.get("sources", family["sources"]))
    version = event.get("version", 1)
    schema = _schema(envelope, family.get("definitions", {}), name, version, event, payload, sources)
    try:
        # Messages go where values may not: logs, the list of rejected events. What was found is told beside them.
        validator = jsonschema_rs.validator_for(no_deeper(schema), validate_formats=True, mask="the value")
    except (ValueError, TypeError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as exc:
        raise RegistryError(f"{where}: event {name!r}: {exc}") from exc
    return EventSpec(
        name=name,
        version=version,
        family=family["family"],
        description=event["description"],
        sources=sources,
        scope=event.get("scope", family["scope"]),
        canonical=event.get("canonical"),
        required_entities=tuple(event.get("entities", ())),
        trusted_only=event.get("trusted_only", family.get("trusted_only", False)),
        retention=event.get("retention", family["retention"]),
        pii=tuple(event.get("pii", ())),
        amount_field=event.get("amount"),
        payload_schema=payload,
        example=event["example"],
        schema=schema,
        validator=validator,
    )


def _schema(
    envelope: dict[str, Any],
    definitions: dict[str, Any],
    name: str,
    version: int,
    event: dict[str, Any],
    payload: dict[str, Any],
    sources: frozenset[str],
) -> dict[str, Any]:
    required = list(envelope["required"])
    entities = dict(envelope["properties"]["entities"])
    if event.get("entities"):
        required.append("entities")
        entities["required"] = event["entities"]
    if payload.get("required"):
        required.append("payload")
    properties = {
        **envelope["properties"],
        "event_name": {"const": name},
        "event_version": {"const": version},
        "source_system": {"enum": sorted(sources)},
        "entities": entities,
        "payload": payload,
    }
    schema: dict[str, Any] = {**envelope, "properties": properties, "required": required}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$defs"] = {**envelope.get("$defs", {}), **definitions}
    if sources & VISITOR_SOURCES:
        schema["if"] = {"properties": {"source_system": {"enum": sorted(VISITOR_SOURCES)}}}
        schema["then"] = {"required": ["visitor_id", "session_id"]}
    return schema


@functools.lru_cache(maxsize=1)
def registry() -> Registry:
    """The compiled registry of this process."""
    return load()
