"""Reads files in blocks that end at whole rows, and blocks as rows with their line numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from core.catalog.import_mapping import FileMapping, Shape, check_header
from core.catalog.import_plan import Plan, nested, plain_value
from core.errors import FieldProblem, InvalidInputError

CSV, NDJSON, PARQUET = "csv", "ndjson", "parquet"
FORMATS = {".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".parquet": PARQUET}
BOM = b"\xef\xbb\xbf"
QUOTE = b'"'
MOST_FIELD = 16 * 1024 * 1024
MOST_BLOCK = 32 * 1024 * 1024
NOT_UTF8 = FieldProblem("", "encoding", "the row is not UTF-8; save the file as UTF-8")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows of a file: where they start and end, the number of their first line, and what they hold."""

    start: int
    end: int
    first_line: int
    last_line: int
    data: Any


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``data`` with our fields, unless ``problem`` says why it could not be read; ``raw`` is as it came."""

    line: int
    data: dict[str, Any]
    raw: Any = None
    problem: FieldProblem | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file with everything that is needed to read it."""

    path: Path
    format: str
    mapping: FileMapping
    shape: Shape
    header: tuple[str, ...] | None = None
    data_start: int = 0
    size: int = 0


def open_source(path: Path, mapping: FileMapping, shape: Shape, form: str | None = None) -> Source:
    """Look at a file; raises `InvalidInputError` for an unknown kind of file or columns that do not fit."""
    form = form or FORMATS.get(path.suffix.lower())
    if form is None:
        raise InvalidInputError(f"{path.name}: say what it is with --format csv, ndjson or parquet")
    if form == PARQUET:
        names, rows = _parquet_facts(path)
        _check_paths(names, mapping, shape)
        return Source(path, form, mapping, shape, size=rows)
    with path.open("rb") as file:
        start = len(BOM) if file.read(len(BOM)) == BOM else 0
        if form == NDJSON:
            return Source(path, form, mapping, shape, None, start, path.stat().st_size)
        file.seek(start)
        raw = _record(file)
    if not raw.strip():
        raise InvalidInputError(f"{path.name} is empty; its first line must name the columns")
    try:
        header = tuple(name.strip() for name in next(csv.reader([raw.decode()], delimiter=mapping.delimiter)))
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path.name} is not UTF-8; save it as UTF-8") from None
    check_header(header, mapping, shape)
    return Source(path, form, mapping, shape, header, start + len(raw), path.stat().st_size)


def _check_paths(header: Sequence[str], mapping: FileMapping, shape: Shape) -> None:
    """Columns of a Parquet file may hold objects; a mapping reaches into them with dots."""
    if mapping.columns:
        tops = FileMapping(columns={name: column.split(".")[0] for name, column in mapping.columns.items()})
        check_header(header, tops, shape)
    else:
        tops_known = {name.split(".")[0] for name in (*shape.fields, *shape.open)}
        known = Shape(dict.fromkeys(tops_known | set(shape.fields), ""), shape.open)
        check_header(header, mapping, known)


def _record(file: BinaryIO) -> bytes:
    raw = file.readline()
    while raw.count(QUOTE) % 2 and (more := file.readline()):
        raw += more
    return raw


def blocks(source: Source, position: int, line: int, most_rows: int) -> Iterator[Block]:
    """The blocks from ``position`` on (0: from the start), ``line`` being the number of the first line there."""
    if source.format == PARQUET:
        yield from _parquet_blocks(source, position, most_rows)
        return
    group = source.header.index(_column(source)) if source.header and source.shape.group_by else None
    with source.path.open("rb") as file:
        if position == 0:
            position = source.data_start
            file.seek(0)
            line = 1 + file.read(source.data_start).count(b"\n")
        file.seek(position)
        yield from _split(file, source, position, line, most_rows, group)


def _column(source: Source) -> str:
    name = source.shape.group_by or ""
    return source.mapping.columns.get(name, name) if source.mapping.columns else name


def _split(
    file: BinaryIO, source: Source, position: int, line: int, most_rows: int, group: int | None
) -> Iterator[Block]:
    held: list[bytes] = []
    records = size = lines = 0
    key: str | None = None
    is_csv = source.format == CSV
    while raw := (_record(file) if is_csv else file.readline()):
        full = records >= most_rows or size >= MOST_BLOCK
        if full and group is not None and held:
            # All lines of one order stay together, however they fall.
            key = _key(held[-1], source, group) if key is None else key
            full = _key(raw, source, group) != key
        if full:
            yield Block(position, position + size, line, line + lines - 1, b"".join(held))
            position, line = position + size, line + lines
            held, records, size, lines, key = [], 0, 0, 0, None
        held.append(raw)
        records, size, lines = records + 1, size + len(raw), lines + raw.count(b"\n")
    if held:
        yield Block(position, position + size, line, line + max(lines, 1) - 1, b"".join(held))


def _key(raw: bytes, source: Source, group: int) -> str:
    values = next(csv.reader([raw.decode(errors="replace")], delimiter=source.mapping.delimiter), [])
    return values[group] if group < len(values) else ""


def rows_of(source: Source, block: Block) -> Iterator[Row]:
    """The rows of a block; what cannot be read is a row with a problem."""
    plan = Plan(source.mapping, source.shape, source.header)
    if source.format == CSV:
        yield from _csv_rows(source, plan, block)
    elif source.format == NDJSON:
        yield from _json_rows(plan, block)
    else:
        for number, given in enumerate(block.data, start=block.first_line):
            yield Row(number, plan.of_object(nested(given)), given)


def _csv_rows(source: Source, plan: Plan, block: Block) -> Iterator[Row]:
    csv.field_size_limit(MOST_FIELD)
    # What is no UTF-8 costs its own row only: it becomes lone surrogates, which no field may hold.
    text = block.data.decode("utf-8", errors="surrogateescape")
    clean = text.isascii() or not _has_surrogates(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.mapping.delimiter)
    width, before = len(source.header or ()), 0
    for values in reader:
        line, before = block.first_line + before, reader.line_num
        if not values:
            continue
        if len(values) != width:
            message = f"the row has {len(values)} columns, the first line of the file names {width}"
            yield Row(line, {}, values, FieldProblem("", "columns", message))
        elif not clean and _has_surrogates("".join(values)):
            yield Row(line, {}, [value.encode(errors="replace").decode() for value in values], NOT_UTF8)
        else:
            yield Row(line, plan.of_values(values), values)


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _json_rows(plan: Plan, block: Block) -> Iterator[Row]:
    for number, raw in enumerate(block.data.split(b"\n"), start=block.first_line):
        if not raw.strip():
            continue
        try:
            given = orjson.loads(raw)
        except orjson.JSONDecodeError as exc:
            problem = FieldProblem("", "json", f"the line is not JSON: {exc}")
            yield Row(number, {}, raw.decode(errors="replace"), problem)
            continue
        if isinstance(given, dict):
            yield Row(number, plan.of_object(given), given)
        else:
            yield Row(number, {}, given, FieldProblem("", "type", "write one object a line"))


def _parquet_facts(path: Path) -> tuple[list[str], int]:
    import duckdb  # noqa: PLC0415 - slow to load, and only Parquet needs it

    with duckdb.connect() as connection:
        try:
            shown = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
            counted = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
        except duckdb.Error as exc:
            raise InvalidInputError(f"{path.name} is not a Parquet file that can be read: {exc}") from None
    return [row[0] for row in shown], int(counted[0]) if counted else 0


def _parquet_blocks(source: Source, position: int, most_rows: int) -> Iterator[Block]:
    import duckdb  # noqa: PLC0415 - as above

    with duckdb.connect(config={"preserve_insertion_order": True}) as connection:
        cursor = connection.execute("SELECT * FROM read_parquet(?) OFFSET ?", [str(source.path), position])
        names = [column[0] for column in cursor.description or ()]
        while found := cursor.fetchmany(most_rows):
            data = [
                {name: plain_value(value) for name, value in zip(names, values, strict=True) if value is not None}
                for values in found
            ]
            end = position + len(data)
            yield Block(position, end, position + 1, end, data)
            position = end


def as_given(source: Source, raw: Any) -> Any:
    """A row as people recognise it in the rejects file: with the names of its columns."""
    if source.header and isinstance(raw, list) and len(raw) == len(source.header):
        return dict(zip(source.header, raw, strict=True))
    return raw
