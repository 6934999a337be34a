"""The schema registry: every tracking event, its schema and its rules."""

from tracking.registry.loader import EventSpec, Registry, registry

__all__ = ["EventSpec", "Registry", "registry"]
