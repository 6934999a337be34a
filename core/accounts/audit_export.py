"""The audit log as a file: CSV or NDJSON, line by line while it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from core.accounts.audit_reading import AuditLine
from core.accounts.canonical import canonical

COLUMNS = ("id", "at", "actor", "actor_name", "action", "subject", "subject_name", "detail", "hash")
# Spreadsheets take what begins like this for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def ndjson(lines: Iterator[AuditLine]) -> Iterator[str]:
    """One JSON object a line."""
    for line in lines:
        yield orjson.dumps(_facts(line), option=orjson.OPT_APPEND_NEWLINE).decode()


def csv_rows(lines: Iterator[AuditLine]) -> Iterator[str]:
    """Comma-separated with a header; what a spreadsheet would take for a formula gets an apostrophe in front."""
    yield _row(list(COLUMNS))
    for line in lines:
        facts = _facts(line)
        facts["at"], facts["detail"] = line.at.isoformat(), canonical(line.detail).decode()
        yield _row([_harmless(facts[name]) for name in COLUMNS])


AUDIT_FORMATS: Mapping[str, tuple[str, Callable[[Iterator[AuditLine]], Iterator[str]]]] = {
    "ndjson": ("application/x-ndjson", ndjson),
    "csv": ("text/csv", csv_rows),
}
"""Name → media type, and what turns lines into text."""


def _facts(line: AuditLine) -> dict[str, Any]:
    return {name: line.hash.hex() if name == "hash" else getattr(line, name) for name in COLUMNS}


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(values: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
