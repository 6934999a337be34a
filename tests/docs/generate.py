"""Writes the generated parts of `docs/reference`: settings, tracking events, HTTP endpoints; `make docs` runs it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import orjson
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.config import Settings, variable
from tests.docs.event_types import event_types
from tests.process_state import use_environment
from tracking.registry import EventSpec, Registry
from tracking.registry.loader import load

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
EVENT_TYPES = ROOT / "sdk" / "browser" / "src" / "events.ts"
NONE = "none"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"

# Building the application reads settings but talks to no server.
PLACEHOLDERS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "ADRAIL_MASTER_KEYS": "docs:" + base64.b64encode(bytes(32)).decode(),
    "ADRAIL_SECRET_KEY": "x" * 32,
    "ADRAIL_DEMO": "false",
}


def settings_table() -> str:
    """One row a setting."""
    rows = [
        (f"`{variable(name)}`", _type(field), _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _table(("variable", "value", "default", "what it does"), rows)


def _type(field: FieldInfo) -> str:
    kind: Any = field.annotation
    options = [item for item in get_args(kind) if item is not type(None)]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{item}`" for item in options)
    if get_origin(kind) is dict:
        return "JSON object"
    kind = options[0] if options else kind
    names = {int: "whole number", bool: "`true` or `false`", str: "text", Path: "file or folder"}
    return names.get(kind, "secret text") + _limits(field)


def _limits(field: FieldInfo) -> str:
    found = {name: value for item in field.metadata if (name := _limit_name(item)) for value in [getattr(item, name)]}
    if "min_length" in found:
        return f", at least {found['min_length']} characters"
    if "ge" in found and "le" in found:
        return f", {found['ge']:,} to {found['le']:,}"
    return f", from {found['ge']:,}" if "ge" in found else ""


def _limit_name(item: Any) -> str | None:
    return next((name for name in ("ge", "le", "min_length") if hasattr(item, name)), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be set**"
    value = field.default
    if value in (None, PydanticUndefined):
        return NONE
    if isinstance(value, Path):
        value = f"{value.relative_to(ROOT)} of the checkout"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def events_reference(registry: Registry) -> str:
    """One section a family, one entry an event."""
    families: dict[str, list[EventSpec]] = {}
    # What a developer of pages looks for comes first.
    for spec in sorted(registry.all(), key=lambda item: item.trusted_only):
        families.setdefault(spec.family, []).append(spec)
    return "\n\n".join(
        f"## Family `{name}`\n\n" + "\n\n".join(_event(spec) for spec in specs) for name, specs in families.items()
    )


def _event(spec: EventSpec) -> str:
    facts = [
        f"version {spec.version}",
        f"from {', '.join(f'`{item}`' for item in sorted(spec.sources))}",
        f"consent: {spec.scope}",
        f"kept: {spec.retention.replace('_', ' ')}",
    ]
    if spec.canonical:
        facts.append(f"canonical conversion `{spec.canonical}`")
    if spec.trusted_only:
        facts.append("server key only")
    if spec.required_entities:
        facts.append(f"entities {', '.join(f'`{item}`' for item in spec.required_entities)}")
    if spec.pii:
        facts.append(f"may hold personal data: {', '.join(f'`{item}`' for item in spec.pii)}")
    parts = [f"### {spec.name}", spec.description, " · ".join(facts)]
    properties: Mapping[str, Any] = spec.payload_schema.get("properties", {})
    if properties:
        required, shared = spec.payload_schema.get("required", []), spec.schema["$defs"]
        rows = [
            (f"`{name}`", _shape(rule, shared), "yes" if name in required else "") for name, rule in properties.items()
        ]
        parts.append(_table(("payload field", "value", "required"), rows))
        parts.append(f"```json\n{orjson.dumps(spec.example, option=orjson.OPT_INDENT_2).decode()}\n```")
    return "\n\n".join(parts)


def _shape(rule: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    if "$ref" in rule:
        name = rule["$ref"].rpartition("/")[2]
        return SHARED[name] if name in SHARED else _shape(shared[name], shared)
    if "enum" in rule:
        return ", ".join(f"`{item}`" for item in rule["enum"])
    words: dict[str, str] = {"string": "text", "integer": "whole number", "array": "list", "boolean": "true or false"}
    text = words.get(rule["type"], str(rule["type"]))
    if "maxLength" in rule:
        text += f", at most {rule['maxLength']} characters"
    if "maxItems" in rule:
        text += f", at most {rule['maxItems']} entries"
    if "minimum" in rule:
        text += f", {rule['minimum']:,} to {rule['maximum']:,}" if "maximum" in rule else f", from {rule['minimum']:,}"
    return text


SHARED = {
    "money": "decimal string, `120.50`",
    "currency": "ISO 4217 code",
    "milliseconds": "milliseconds, at most a day",
    "percent": "percent, 0 to 100",
    "count": "whole number",
    "cart_items": "list of {live_event_id, ticket_type_id, qty, price}",
    "order_items": "list of {line, live_event_id, organizer_id, ticket_type_id, quantity, unit_price, fees, discount}",
}
"""What the definitions that several events share look like."""


def endpoints_table() -> str:
    """One row an operation, from the OpenAPI document of the application."""
    with use_environment(**PLACEHOLDERS):
        from server.app import create_app

        document = create_app().extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    rows = [
        (f"`{method.upper()} {path}`", _keys(operation), operation.get("summary") or operation.get("description", ""))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    return _table(("endpoint", "key", "what it does"), rows)


def _keys(operation: Mapping[str, Any]) -> str:
    names = {"write_key": "write key", "write_key_query": "write key", "bearer": "bearer"}
    found = [names[name] for scheme in operation.get("security", []) for name in scheme]
    return " or ".join(dict.fromkeys(found)) or NONE


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_table,
    "events.md": lambda: events_reference(load()),
    "http-api.md": endpoints_table,
}


def fresh(name: str, page: str) -> str:
    """Return a page with its generated part made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{PAGES[name]()}\n\n{END}{after}"


def main() -> None:
    """Write every page."""
    for name in PAGES:
        path = REFERENCE / name
        path.write_text(fresh(name, path.read_text("utf-8")), "utf-8")
    EVENT_TYPES.write_text(event_types(load()), "utf-8")


if __name__ == "__main__":
    main()
