"""Blocks of CSV files as columns: what is the same for a whole column is worked out once, not once a row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.catalog.import_plan import Plan
from core.catalog.import_reading import CSV, MOST_FIELD, NOT_UTF8, Block, Row, Source, has_surrogates, wrong_width
from core.errors import FieldProblem

SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NOTHING = "\\N"
T = TypeVar("T")


@dataclass(slots=True)
class Table:
    """The rows of a block: ``columns`` holds our fields with one value a row, "" where a row says nothing.

    ``wrong`` holds the rows that could not be read, by position; their values are empty.
    """

    lines: list[int]
    columns: dict[str, list[Any]]
    wrong: dict[int, FieldProblem]
    records: list[list[str]] = field(repr=False)
    plan: Plan = field(repr=False)

    def row(self, position: int) -> Row:
        """One row for whoever looks at rows singly."""
        values, problem = self.records[position], self.wrong.get(position)
        data = {} if problem else self.plan.of_values(values)
        return Row(self.lines[position], data, values, problem)


def table_of(source: Source, block: Block) -> Table | None:
    """A block as columns; None for files that are not tables of single values."""
    if source.format != CSV:
        return None
    plan = Plan(source.mapping, source.shape, source.header)
    if not plan.tabular:
        return None
    lines, records, wrong = _records(source, block)
    blank = [""] * len(source.header or ())
    columns = plan.of_columns([blank if at in wrong else values for at, values in enumerate(records)])
    return Table(lines, columns, wrong, records, plan)


def _records(source: Source, block: Block) -> tuple[list[int], list[list[str]], dict[int, FieldProblem]]:
    csv.field_size_limit(MOST_FIELD)
    # What is no UTF-8 costs its own row only: it becomes lone surrogates, which no field may hold.
    text = block.data.decode("utf-8", errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.mapping.delimiter)
    lines: list[int] = []
    records: list[list[str]] = []
    before = 0
    for values in reader:
        if values:
            lines.append(block.first_line + before)
            records.append(values)
        before = reader.line_num
    return lines, records, _unreadable(records, len(source.header or ()), text)


def _unreadable(records: list[list[str]], width: int, text: str) -> dict[int, FieldProblem]:
    wrong: dict[int, FieldProblem] = {}
    if set(map(len, records)) - {width}:
        wrong = {at: wrong_width(values, width) for at, values in enumerate(records) if len(values) != width}
    if not text.isascii() and has_surrogates(text):
        for at, values in enumerate(records):
            if at not in wrong and has_surrogates("".join(values)):
                wrong[at] = NOT_UTF8
                records[at] = [value.encode(errors="replace").decode() for value in values]
    return wrong


def clean_texts(
    column: Sequence[Any], right: Callable[[str], bool], quick: Callable[[Sequence[str]], bool] | None = None
) -> tuple[list[str], list[int]]:
    """Texts without blanks, and the positions of those that are not ``right``; empty ones are.

    ``quick`` looks at all of them at once; without it, or when it finds something, each different text is looked at.
    """
    try:
        texts = list(map(str.strip, column))
    except TypeError:
        texts = [value.strip() if isinstance(value, str) else "" for value in column]
        foreign = [at for at, value in enumerate(column) if not isinstance(value, str)]
        return texts, foreign + clean_texts(texts, right, quick)[1]
    if quick and quick(texts):
        return texts, []
    refused = {text for text in set(texts) if text and not right(text)}
    return texts, [at for at, text in enumerate(texts) if text in refused] if refused else []


def repeated(names: Sequence[Hashable]) -> set[int]:
    """The positions of what occurs more than once."""
    if len(set(names)) == len(names):
        return set()
    often = Counter(names)
    return {at for at, name in enumerate(names) if often[name] > 1}


def kept(column: Sequence[T], out: Collection[int]) -> Sequence[T]:
    """A column without the positions that are ``out``."""
    return [value for at, value in enumerate(column) if at not in out] if out else column


def copy_texts(column: Sequence[str], *, gaps: bool = True) -> Sequence[str]:
    """A column in the text form of COPY; empty texts become NULL where there may be ``gaps``."""
    together = "".join(column)
    if "\\" in together or not together.isprintable():
        column = [value.translate(SPECIAL) for value in column]
    return [value or NOTHING for value in column] if gaps else column


def copy_bytes(column: Iterable[bytes]) -> list[str]:
    """Bytes in the text form of COPY."""
    return ["\\\\x" + value.hex() for value in column]


def copy_rows(columns: Sequence[Iterable[str]]) -> bytes:
    """Columns that `copy_texts` and `copy_bytes` made as rows."""
    rows = "\n".join(map("\t".join, zip(*columns, strict=True)))
    return f"{rows}\n".encode() if rows else b""
