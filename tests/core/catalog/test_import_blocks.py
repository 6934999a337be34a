"""Cutting files into blocks: however small they are, every row comes once, with its line, and orders stay whole."""

from __future__ import annotations

import csv
import io
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.catalog.import_mapping import TEXT, FileMapping, Shape
from core.catalog.import_reading import blocks, open_source, rows_of
from core.catalog.import_table import table_of

HEADER = ["external_id", "note"]
SHAPE = Shape(dict.fromkeys(HEADER, TEXT), group_by="external_id")
NAMES = st.sampled_from(["a", "b", "c", 'q"uote'])
NOTES = st.sampled_from(["", "plain", "two\nlines", 'a "word"', 'comma, quote" and\r\nline', "ăîșț"])


@given(rows=st.lists(st.tuples(NAMES, NOTES), min_size=1, max_size=40), most=st.integers(1, 7))
def test_rows_and_orders_survive_the_cutting(rows: list[tuple[str, str]], most: int) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(text.getvalue().encode())
        source = open_source(path, FileMapping(), SHAPE)
        cut = list(blocks(source, 0, 1, most))
    found = [row for block in cut for row in rows_of(source, block)]
    assert [tuple(row.raw) for row in found] == rows
    assert [row.line for row in found] == starting_lines(rows)
    tables = [table_of(source, block) for block in cut]
    assert [line for table in tables if table for line in table.lines] == starting_lines(rows)
    numbers = [[row.data["external_id"] for row in rows_of(source, block)] for block in cut]
    assert all(one[-1] != following[0] for one, following in pairwise(numbers))
    assert cut[-1].end == source.size


def starting_lines(rows: list[tuple[str, str]]) -> list[int]:
    """The line at which each row begins, the first below the header."""
    lines, line = [], 2
    for row in rows:
        lines.append(line)
        line += 1 + sum(value.count("\n") for value in row)
    return lines
