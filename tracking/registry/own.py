"""The registry as one marketplace sees it: everybody's events, and those it defined itself, a second old at most."""

from __future__ import annotations

import functools
from typing import Any

import orjson

from core.codes.api import ConfigCache, content_hash
from core.db.session import tenant_session
from core.events.api import own_events
from tracking.registry.loader import EventSpec, Registry, build_spec, read_envelope, registry
from tracking.registry.own_fields import payload_schema

PREFIX = "custom."
FAMILY = "custom"
RETENTION = "interaction_90_days"
CACHED_AS = "own-events"

_cache = ConfigCache()


class OwnRegistry(Registry):
    """Everybody's events by the same objects; names that begin with ``custom.`` are looked up when they are asked for.

    Raises `UnavailableError` for those when neither the database nor a copy can be asked.
    """

    def __init__(self, tenant_id: int, everybody: Registry) -> None:
        self._specs = everybody._specs  # noqa: SLF001 - shared, so that whoever sends no own event pays nothing
        self._tenant_id = tenant_id
        self._compiled: tuple[str, dict[str, dict[int, EventSpec]]] = ("", {})

    def find(self, name: str, version: int) -> EventSpec | None:
        """The specification, or None when name or version is not known."""
        known = self._specs.get(name)
        if known is None:
            known = self._own().get(name, {}) if name.startswith(PREFIX) else {}
        return known.get(version)

    def versions(self, name: str) -> list[int]:
        """Known versions of a name, empty when the name is not known."""
        known = self._specs.get(name)
        if known is None:
            known = self._own().get(name, {}) if name.startswith(PREFIX) else {}
        return sorted(known)

    def own(self) -> list[EventSpec]:
        """The marketplace's own events, by name and version."""
        return [spec for versions in self._own().values() for spec in versions.values()]

    def _own(self) -> dict[str, dict[int, EventSpec]]:
        entry = _cache.get(self._tenant_id, CACHED_AS, lambda: _document(self._tenant_id))
        if self._compiled[0] != entry.version:
            specs: dict[str, dict[int, EventSpec]] = {}
            for item in orjson.loads(entry.body)["events"]:
                specs.setdefault(item["name"], {})[item["version"]] = compiled(item)
            self._compiled = (entry.version, specs)
        return self._compiled[1]


@functools.lru_cache(maxsize=4096)
def registry_of(tenant_id: int) -> OwnRegistry:
    """The registry of a marketplace; one object a process, which follows changes."""
    return OwnRegistry(tenant_id, registry())


def forget_own_events() -> None:
    """Drop this process's copies."""
    _cache.forget()
    registry_of.cache_clear()


def compiled(item: dict[str, Any]) -> EventSpec:
    """Compile a definition: name, version, description, sources, scope, fields, example."""
    family = {"family": FAMILY, "sources": item["sources"], "scope": item["scope"], "retention": RETENTION}
    event = {
        "version": item["version"],
        "description": item["description"],
        "example": item["example"],
        "payload": payload_schema(item["fields"]),
        "pii": [field["name"] for field in item["fields"] if field.get("personal")],
    }
    return build_spec(FAMILY, family, item["name"], event, _envelope())


@functools.lru_cache(maxsize=1)
def _envelope() -> dict[str, Any]:
    return read_envelope()


def _document(tenant_id: int) -> dict[str, Any]:
    with tenant_session(tenant_id) as session:
        found = own_events(session, tenant_id)
    names = ("name", "version", "description", "sources", "scope", "fields", "example")
    events = [{name: getattr(item, name) for name in names} for item in found]
    return {"version": content_hash(orjson.dumps(events)), "events": events}
