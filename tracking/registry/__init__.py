"""The schema registry: every tracking event, its schema and its rules."""

from tracking.registry.files import RegistryError
from tracking.registry.loader import EventSpec, Registry, load, registry

__all__ = ["EventSpec", "Registry", "RegistryError", "load", "registry"]
