"""Fields of events that marketplaces define themselves: their types, what is wrong with a list of them, its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from core.errors import FieldProblem

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MAX_FIELDS = 40
MAX_TEXT = 2_000
USUAL_TEXT = 200
MAX_CHOICES = 50
MAX_CHOICE = 80
SAFE_INTEGER = 2**53 - 1

TYPES: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string", "maxLength": USUAL_TEXT},
    "integer": {"type": "integer", "minimum": -SAFE_INTEGER, "maximum": SAFE_INTEGER},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "money": {"$ref": "#/$defs/money"},
    "currency": {"$ref": "#/$defs/currency"},
    "moment": {"type": "string", "format": "date-time", "maxLength": 40},
    "choice": {"type": "string"},
    "texts": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": USUAL_TEXT}},
}
EXAMPLES: Mapping[str, Any] = {
    "text": "balcony",
    "integer": 2,
    "number": 4.5,
    "boolean": True,
    "money": "120.50",
    "currency": "RON",
    "moment": "2026-11-20T18:03:11Z",
    "texts": ["balcony"],
}
KEYS = frozenset({"name", "type", "required", "description", "choices", "max_length", "personal"})


def field_problems(fields: Sequence[Mapping[str, Any]]) -> list[FieldProblem]:
    """Everything that is wrong with a list of fields."""
    if len(fields) > MAX_FIELDS:
        return [FieldProblem("/fields", "maxItems", f"an event has at most {MAX_FIELDS} fields")]
    found = [problem for place, item in enumerate(fields) for problem in _problems(f"/fields/{place}", item)]
    names = [item.get("name") for item in fields]
    found += [
        FieldProblem(f"/fields/{place}/name", "unique", "another field has this name")
        for place, name in enumerate(names)
        if name in names[:place]
    ]
    if any(item.get("type") == "money" for item in fields) and not any(
        item.get("type") == "currency" for item in fields
    ):
        found.append(FieldProblem("/fields", "currency", "an amount needs a field of the type currency beside it"))
    return found


def _problems(where: str, item: Mapping[str, Any]) -> Iterator[FieldProblem]:
    name, kind = item.get("name"), item.get("type")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield FieldProblem(f"{where}/name", "pattern", "use small letters, digits and _, such as seat_row")
    if kind not in TYPES:
        yield FieldProblem(f"{where}/type", "choice", f"use one of {', '.join(TYPES)}")
    for key in sorted(set(item) - KEYS):
        yield FieldProblem(f"{where}/{key}", "unknown", f"a field has {', '.join(sorted(KEYS))}")
    for key in ("required", "personal"):
        if not isinstance(item.get(key, False), bool):
            yield FieldProblem(f"{where}/{key}", "type", "use true or false")
    description = item.get("description", "")
    if not isinstance(description, str) or len(description) > MAX_TEXT:
        yield FieldProblem(f"{where}/description", "length", f"use at most {MAX_TEXT} characters")
    yield from _problems_of_kind(where, item, kind)


def _problems_of_kind(where: str, item: Mapping[str, Any], kind: Any) -> Iterator[FieldProblem]:
    length = item.get("max_length")
    usable = isinstance(length, int) and not isinstance(length, bool) and 1 <= length <= MAX_TEXT
    if length is not None and (kind != "text" or not usable):
        yield FieldProblem(
            f"{where}/max_length", "range", f"a text has 1 to {MAX_TEXT} characters, nothing else has any"
        )
    choices = item.get("choices")
    if kind == "choice" and not _are_choices(choices):
        message = f"name 1 to {MAX_CHOICES} different values of at most {MAX_CHOICE} characters"
        yield FieldProblem(f"{where}/choices", "choices", message)
    if kind != "choice" and choices:
        yield FieldProblem(f"{where}/choices", "choices", "only a field of the type choice has choices")


def _are_choices(values: Any) -> bool:
    return (
        isinstance(values, list)
        and 1 <= len(values) <= MAX_CHOICES
        and all(isinstance(value, str) and 1 <= len(value) <= MAX_CHOICE for value in values)
        and len(set(values)) == len(values)
    )


def payload_schema(fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The JSON Schema of a payload with these fields; what is not named there may come as well, as everywhere."""
    properties = {item["name"]: _schema(item) for item in fields}
    required = [item["name"] for item in fields if item.get("required")]
    return {"properties": properties, **({"required": required} if required else {})}


def _schema(item: Mapping[str, Any]) -> dict[str, Any]:
    schema = dict(TYPES[item["type"]])
    if item["type"] == "choice":
        schema = {"enum": list(item["choices"])}
    elif item.get("max_length"):
        schema["maxLength"] = item["max_length"]
    return schema


def example_of(fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A payload that fits, for whoever gave none."""
    return {item["name"]: item["choices"][0] if item["type"] == "choice" else _fitting(item) for item in fields}


def _fitting(item: Mapping[str, Any]) -> Any:
    value = EXAMPLES[item["type"]]
    return value[: item["max_length"]] if item.get("max_length") else value


def compatibility_problems(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[FieldProblem]:
    """Why senders of the old version would not be understood: a version only adds optional fields."""
    known = {item["name"]: item for item in before}
    found = []
    for place, item in enumerate(after):
        old = known.pop(item["name"], None)
        if old is None and item.get("required"):
            found.append(
                FieldProblem(f"/fields/{place}/required", "compatible", "a field that is added later must be optional")
            )
        elif old is not None and _meaning(old) != _meaning(item):
            message = "a field keeps its type, its choices and whether it is required; add another field instead"
            found.append(FieldProblem(f"/fields/{place}", "compatible", message))
    gone = [f"the field {name!r} must stay; senders still use it" for name in known]
    return [*found, *(FieldProblem("/fields", "compatible", message) for message in gone)]


def _meaning(item: Mapping[str, Any]) -> bytes:
    # What was marked as personal stays so: masks of what is stored follow the newest version.
    meant = {key: item.get(key) or None for key in ("type", "required", "choices", "max_length", "personal")}
    return orjson.dumps(meant, option=orjson.OPT_SORT_KEYS)
