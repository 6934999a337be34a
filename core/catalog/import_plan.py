"""From a row of somebody's file to an object with our fields, as the mapping says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.catalog.import_mapping import AMOUNT, DATE, FLAG, INTEGER, LIST, MOMENT, TEXT, FileMapping, Shape

YES = frozenset({"true", "yes", "y", "1", "t", "da"})
NO = frozenset({"false", "no", "n", "0", "f", "nu"})
LIST_SEPARATOR = "|"


@dataclass(slots=True)
class Step:
    """One field: where it comes from (position in a CSV row, or path in an object), where it goes, how it is read."""

    source: Any
    target: tuple[str, ...]
    read: Callable[[Any], Any] | None


class Plan:
    """Turns the rows of one file into objects with our fields; made once per file and process."""

    def __init__(self, mapping: FileMapping, shape: Shape, header: Sequence[str] | None) -> None:
        self._constants = [(tuple(name.split(".")), value) for name, value in mapping.constants.items()]
        self._header = header
        kinds = {mapping.types.get(name) or shape.type_of(name) for name in (mapping.columns or header or ())}
        values = [*mapping.constants.values(), *(word for words in mapping.values.values() for word in words.values())]
        self.tabular = LIST not in kinds and not any(isinstance(value, list | dict) for value in values)
        """Whether every value is a single one, so that columns can be compared and counted."""
        self._whole = header is None and not mapping.columns
        columns = dict(mapping.columns) or {name: name for name in header or ()}
        self._steps = [self._step(name, str(column), mapping, shape) for name, column in columns.items()]
        self._touch = [
            Step(tuple(name.split(".")), tuple(name.split(".")), _reader(name, mapping, shape, text_only=False))
            for name in ({*mapping.values, *mapping.types} if self._whole else ())
        ]

    def _step(self, name: str, column: str, mapping: FileMapping, shape: Shape) -> Step:
        target = tuple(name.split("."))
        if self._header is None:
            return Step(tuple(column.split(".")), target, _reader(name, mapping, shape, text_only=False))
        return Step(self._header.index(column), target, _reader(name, mapping, shape, text_only=True))

    def of_values(self, values: Sequence[str]) -> dict[str, Any]:
        """The object of one CSV row; empty cells say nothing."""
        row: dict[str, Any] = {}
        for step in self._steps:
            value: Any = values[step.source]
            if value != "":
                _put(row, step.target, step.read(value) if step.read else value)
        for target, value in self._constants:
            _put(row, target, value)
        return row

    def of_columns(self, records: Sequence[Sequence[str]]) -> dict[str, list[Any]]:
        """The columns of many CSV rows under our names, "" where a row says nothing; each text is read once."""
        cells = list(zip(*records, strict=True))
        columns: dict[str, list[Any]] = {}
        for step in self._steps:
            column: Sequence[Any] = cells[step.source] if cells else ()
            if step.read:
                meanings = {text: step.read(text) if text else "" for text in set(column)}
                column = ["" if meanings[text] is None else meanings[text] for text in column]
            columns[".".join(step.target)] = list(column)
        for target, value in self._constants:
            columns[".".join(target)] = ["" if value is None else value] * len(records)
        return columns

    def of_object(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The object of one NDJSON or Parquet row."""
        if self._whole:
            row = dict(given)
            for step in self._touch:
                value = _get(row, step.source)
                if value is not None and step.read:
                    _put(row, step.target, step.read(value))
        else:
            row = {}
            for step in self._steps:
                value = _get(given, step.source)
                if value is not None:
                    _put(row, step.target, step.read(value) if step.read else value)
        for target, value in self._constants:
            _put(row, target, value)
        return row


def _reader(name: str, mapping: FileMapping, shape: Shape, *, text_only: bool) -> Callable[[Any], Any] | None:
    kind = mapping.types.get(name) or shape.type_of(name) or TEXT
    words = {str(key): value for key, value in mapping.values.get(name, {}).items()}
    convert = _converter(kind, mapping, text_only=text_only or name in mapping.types)
    if not words:
        return convert

    def read(value: Any) -> Any:
        if str(value) in words:
            return words[str(value)]
        return convert(value) if convert else value

    return read


def _converter(kind: str, mapping: FileMapping, *, text_only: bool) -> Callable[[Any], Any] | None:
    zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else None
    makers: dict[str, Callable[[str], Any]] = {
        FLAG: _flag,
        INTEGER: _integer,
        LIST: lambda text: [part.strip() for part in text.split(LIST_SEPARATOR) if part.strip()],
    }
    if mapping.decimal_comma:
        makers[AMOUNT] = lambda text: text.replace(".", "").replace(" ", "").replace(",", ".")
    if zone or mapping.date_format:
        makers[MOMENT] = lambda text: _moment(text, mapping.date_format, zone)
    if mapping.date_format:
        makers[DATE] = lambda text: _date(text, mapping.date_format or "")
    make = makers.get(kind)
    if make is None:
        return None
    if kind in {MOMENT, DATE, AMOUNT} or text_only:
        return lambda value: make(value) if isinstance(value, str) else value
    return None


def _flag(text: str) -> Any:
    word = text.strip().lower()
    return True if word in YES else False if word in NO else text


def _integer(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


def _moment(text: str, form: str | None, zone: ZoneInfo | None) -> str:
    """The text as RFC 3339; what cannot be read stays, so that checking tells what is wrong with it."""
    try:
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - below
    except ValueError:
        return text
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None and zone else moment).isoformat()


def _date(text: str, form: str) -> str:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return text


def plain_value(value: Any) -> Any:
    """A value of a Parquet file as JSON would bring it: exact decimals and times as text."""
    if isinstance(value, dict):
        return {name: plain_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | int | str) or value is None:
        return value
    return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else str(value)


def _get(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(row, Mapping):
            return None
        row = row.get(name)
    return row


def _put(row: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    if len(path) == 1:
        row[path[0]] = value
        return
    inner = row
    for name in path[:-1]:
        below = inner.get(name)
        if not isinstance(below, dict):
            below = inner[name] = {}
        inner = below
    inner[path[-1]] = value


def nested(given: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a table whose columns have dotted names as the object that they describe."""
    row: dict[str, Any] = {}
    for name, value in given.items():
        _put(row, tuple(name.split(".")), value)
    return row
