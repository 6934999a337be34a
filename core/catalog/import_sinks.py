"""What an import does with rows: the two halves of every kind, and the bytes in which rows travel to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Result, TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.catalog.import_mapping import Shape
from core.catalog.import_reading import Row
from core.catalog.import_table import NOTHING, SPECIAL, Table
from core.errors import FieldProblem


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: its line and why."""

    line: int
    problems: tuple[FieldProblem, ...]


@dataclass(slots=True)
class Prepared:
    """What became of a block's rows without the database: how many there were, what to store, what was refused.

    ``raws`` holds the refused rows as they came, by line.
    """

    rows: int = 0
    payload: Any = None
    rejects: list[Reject] = field(default_factory=list)
    raws: dict[int, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Stored:
    """What became of them in the database; ``rejects`` were refused by what is stored there."""

    new: int = 0
    changed: int = 0
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sink:
    """One kind of import. ``prepare`` runs in processes of its own, ``store`` in the transaction of its block.

    Both get the marketplace and the options, ``prepare`` also ``run``, another text for each run; ``rows`` is the size
    of a block. ``prepare_table`` does the same as ``prepare`` for files that can be read as columns, in less time.
    ``ahead`` stores what a block needs in a transaction of its own while the block before is being stored, and takes it
    out of what ``store`` gets; done again after a crash, it must change nothing.
    ``looked_up`` are the tables in which ``store`` looks for what is known, ``fills`` those of them that it fills.
    """

    kind: str
    shape: Shape
    prepare: Callable[[int, Sequence[Row], Mapping[str, Any]], Prepared]
    store: Callable[[Session, int, Any, Mapping[str, Any]], Stored]
    rows: int = 10_000
    prepare_table: Callable[[int, Table, Mapping[str, Any]], Prepared] | None = None
    ahead: Callable[[Session, int, Any], None] | None = None
    looked_up: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()


def copy_line(values: Iterable[Any]) -> str:
    """One row in the text form of COPY."""
    return "\t".join([_cell(value) for value in values]) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, str):
        return value.translate(SPECIAL) if not value.isalnum() else value
    return str(value)


def copy_into(session: Session, table: str, columns: Mapping[str, str], data: bytes) -> None:
    """Empty the temporary table, made at first use with these columns (name → type), and copy rows into it."""
    declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    session.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({declared}) ON COMMIT DELETE ROWS"))
    session.execute(text(f"TRUNCATE pg_temp.{table}"))
    if data:
        raw = session.connection().connection.cursor()
        with raw.copy(f"COPY pg_temp.{table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write(data)


def insert(session: Session, plain: TextClause, careful: TextClause, values: Mapping[str, Any]) -> Result[Any]:
    """Insert rows of which none is stored yet; ``careful`` is for when somebody stored one of them meanwhile."""
    try:
        with session.begin_nested():
            return session.execute(plain, values)
    except IntegrityError:
        return session.execute(careful, values)
