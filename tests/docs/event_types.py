"""TypeScript types of the events that browsers and apps send, made from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from tracking.registry import EventSpec, Registry

HEAD = """/** Payloads of the events that pages and apps send. Made from the registry by `make docs`; do not edit. */

/** A decimal number as text, in major units: "120.50". */
export type Money = string;
"""
SENT_BY_PAGES = frozenset({"web", "mobile"})
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
ANYTHING = "Record<string, unknown>"
MONEY = "#/$defs/money"


def event_types(registry: Registry) -> str:
    """The whole file: one member an event, its newest version."""
    newest: dict[str, EventSpec] = {}
    for spec in registry.all():
        if spec.sources & SENT_BY_PAGES and not spec.trusted_only:
            newest[spec.name] = spec
    members = "\n".join(_member(spec) for _, spec in sorted(newest.items()))
    return f"{HEAD}\nexport interface EventPayloads {{\n{members}\n}}\n\nexport type EventName = keyof EventPayloads;\n"


def _member(spec: EventSpec) -> str:
    shared = spec.schema["$defs"]
    kind = _object(spec.payload_schema, shared) if spec.payload_schema.get("properties") else ANYTHING
    return f"  /** {spec.description} */\n  {spec.name}: {kind};"


def _object(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    properties = schema["properties"].items()
    fields = [f"{name}{'' if name in required else '?'}: {_type(part, shared)}" for name, part in properties]
    return f"{{ {'; '.join(fields)} }}"


def _type(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "Money" if schema["$ref"] == MONEY else _type(shared[name], shared)
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(orjson.dumps(value).decode() for value in values)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": item}, shared) for item in kind)
    if kind == "array":
        entry = _type(schema.get("items", {}), shared)
        return f"({entry})[]" if " | " in entry and not entry.startswith("{") else f"{entry}[]"
    if kind == "object" and schema.get("properties"):
        return _object(schema, shared)
    return {**PLAIN, "object": ANYTHING, "null": "null"}.get(kind, "unknown")
