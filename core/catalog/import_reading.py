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
READ_AHEAD = 1024 * 1024
FIRST_ROWS = 500
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
    """The blocks from ``position`` on (0: from the start), ``line`` being the number of the first line there.

    The first ones are small: what the database does for a marketplace that it takes for empty may cost their square.
    """
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
    """Blocks of about so many lines; those of a CSV file end where no quotation is open and no order goes on."""
    is_csv = source.format == CSV
    held: list[bytes] = []
    sizes = _growing(most_rows)
    while held or (held := file.readlines(READ_AHEAD)):
        most_rows = next(sizes)
        while len(held) < most_rows and sum(map(len, held)) < MOST_BLOCK and (more := file.readlines(READ_AHEAD)):
            held += more
        count = _fitting(held, most_rows)
        if is_csv:
            count = _end_of_record(file, held, count)
            if group is not None:
                count = _end_of_group(file, held, count, source, group)
        data = b"".join(held[:count])
        lines = data.count(b"\n")
        yield Block(position, position + len(data), line, line + max(lines, 1) - 1, data)
        held, position, line = held[count:], position + len(data), line + lines


def _growing(most_rows: int) -> Iterator[int]:
    size = FIRST_ROWS
    while True:
        yield min(size, most_rows)
        size = min(size * 4, most_rows)


def _fitting(held: list[bytes], most_rows: int) -> int:
    """How many lines make a block: as many as are asked for, fewer when they are long."""
    if sum(map(len, held[:most_rows])) <= MOST_BLOCK:
        return min(most_rows, len(held))
    count = size = 0
    while size <= MOST_BLOCK:
        size += len(held[count])
        count += 1
    return count


def _end_of_record(file: BinaryIO, held: list[bytes], count: int) -> int:
    """The next count of lines after which no quotation is open."""
    quotes = sum(raw.count(QUOTE) for raw in held[:count])
    while quotes % 2 and _has_line(file, held, count):
        quotes += held[count].count(QUOTE)
        count += 1
    return count


def _end_of_group(file: BinaryIO, held: list[bytes], count: int, source: Source, group: int) -> int:
    """All lines of one order stay together, however they fall."""
    first = count - 1
    while first and sum(raw.count(QUOTE) for raw in held[first:count]) % 2:
        first -= 1
    key = _key(b"".join(held[first:count]), source, group)
    while _has_line(file, held, count):
        after = _end_of_record(file, held, count + 1) if held[count].count(QUOTE) % 2 else count + 1
        if _key(b"".join(held[count:after]), source, group) != key:
            break
        count = after
    return count


def _has_line(file: BinaryIO, held: list[bytes], count: int) -> bool:
    if count < len(held):
        return True
    held += file.readlines(READ_AHEAD)
    return count < len(held)


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
    clean = text.isascii() or not has_surrogates(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.mapping.delimiter)
    width, before = len(source.header or ()), 0
    for values in reader:
        line, before = block.first_line + before, reader.line_num
        if not values:
            continue
        if len(values) != width:
            yield Row(line, {}, values, wrong_width(values, width))
        elif not clean and has_surrogates("".join(values)):
            yield Row(line, {}, [value.encode(errors="replace").decode() for value in values], NOT_UTF8)
        else:
            yield Row(line, plan.of_values(values), values)


def wrong_width(values: Sequence[str], width: int) -> FieldProblem:
    """What is wrong with a row that has more or fewer columns than the first line."""
    message = f"the row has {len(values)} columns, the first line of the file names {width}"
    return FieldProblem("", "columns", message)


def has_surrogates(text: str) -> bool:
    """Whether something in it was not UTF-8."""
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
        sizes = _growing(most_rows)
        while found := cursor.fetchmany(next(sizes)):
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
