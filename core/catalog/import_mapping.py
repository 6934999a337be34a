"""The mapping file: what the columns of somebody's file are called here, and how their values are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from core.errors import FieldProblem, InvalidInputError

TEXT, FLAG, INTEGER, AMOUNT, MOMENT, DATE, LIST, ANY = (
    "text",
    "flag",
    "integer",
    "amount",
    "moment",
    "date",
    "list",
    "any",
)
TYPES = (TEXT, FLAG, INTEGER, AMOUNT, MOMENT, DATE, LIST)


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one kind of row, dotted, each with its type; ``open`` prefixes take any field below them."""

    fields: Mapping[str, str]
    open: tuple[str, ...] = ()
    group_by: str | None = None

    def type_of(self, name: str) -> str | None:
        """The type of a field, `ANY` below an open prefix, None when there is no such field."""
        if name in self.fields:
            return self.fields[name]
        return ANY if name.startswith(self.open) and self.open else None


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What the mapping file says; see the how-to on imports for what each part does."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    decimal_comma: bool = False
    date_format: str | None = None
    time_zone: str | None = None


EXPECTED: Mapping[str, type | tuple[type, ...]] = {
    "columns": dict,
    "constants": dict,
    "values": dict,
    "types": dict,
    "delimiter": str,
    "decimal_comma": bool,
    "date_format": str,
    "time_zone": str,
}


def read_mapping(path: Path | None, shape: Shape) -> FileMapping:
    """Read a mapping file; raises `InvalidInputError` naming every part that is wrong."""
    if path is None:
        return FileMapping()
    try:
        said = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise InvalidInputError(f"the mapping file {path.name} cannot be read: {exc}") from None
    problems = list(_wrong(said, shape))
    if problems:
        raise InvalidInputError(f"the mapping file {path.name} needs attention", errors=problems)
    return FileMapping(**said)


def _wrong(said: Any, shape: Shape) -> list[FieldProblem]:
    if not isinstance(said, dict):
        return [FieldProblem("", "type", f"write a mapping with {', '.join(EXPECTED)}")]
    problems = [
        FieldProblem(f"/{name}", "unknown", f"known are {', '.join(EXPECTED)}") for name in said if name not in EXPECTED
    ]
    problems += [
        FieldProblem(f"/{name}", "type", f"must be {_called(kind)}")
        for name, kind in EXPECTED.items()
        if name in said and not isinstance(said[name], kind)
    ]
    return problems or [*_wrong_fields(said, shape), *_wrong_options(said)]


def _wrong_fields(said: dict[str, Any], shape: Shape) -> Iterator[FieldProblem]:
    for part in ("columns", "constants", "values", "types"):
        for name in said.get(part, {}):
            if shape.type_of(str(name)) is None:
                yield FieldProblem(f"/{part}/{name}", "field", f"no such field; {_known(shape)}")
    for name, kind in said.get("types", {}).items():
        if kind not in TYPES:
            yield FieldProblem(f"/types/{name}", "choice", f"use one of {', '.join(TYPES)}")
    for name, words in said.get("values", {}).items():
        if not isinstance(words, dict):
            message = "write pairs of what the file says and what it means"
            yield FieldProblem(f"/values/{name}", "type", message)


def _wrong_options(said: dict[str, Any]) -> Iterator[FieldProblem]:
    if len(said.get("delimiter", ",")) != 1:
        yield FieldProblem("/delimiter", "length", "use one character")
    try:
        ZoneInfo(said.get("time_zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield FieldProblem("/time_zone", "zone", "use a name such as Europe/Bucharest")


def _called(kind: Any) -> str:
    return {dict: "a mapping", str: "a text", bool: "true or false"}[kind]


def _known(shape: Shape) -> str:
    more = f", and anything below {', '.join(shape.open)}" if shape.open else ""
    return f"known are {', '.join(sorted(shape.fields))}{more}"


def check_header(header: Sequence[str], mapping: FileMapping, shape: Shape) -> None:
    """Raise `InvalidInputError` when columns are missing in the file, or, without a mapping, mean nothing to us."""
    problems = []
    if mapping.columns:
        problems = [
            FieldProblem(f"/columns/{name}", "column", f"the file has no column {column!r}; it has {', '.join(header)}")
            for name, column in mapping.columns.items()
            if column not in header
        ]
    else:
        message = f"means nothing here; name the columns in a mapping file, {_known(shape)}"
        problems = [FieldProblem(f"/{column}", "column", message) for column in header if shape.type_of(column) is None]
    if problems:
        raise InvalidInputError("the columns of the file do not fit", errors=problems)
