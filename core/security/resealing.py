"""Brings what master keys sealed in the database under the current one, while everything keeps running."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    MetaData,
    Select,
    Table,
    and_,
    bindparam,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from core.db.session import maintainer_session
from core.security.crypto import DecryptionError, Keyring, key_prefix

BATCH = 500
Progress = Callable[[int], None]
"""Called after each batch with how many rows it changed."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column whose values a master key sealed for a purpose."""

    column: Column[Any]
    purpose: str

    @property
    def table(self) -> Table:
        """The table it stands in."""
        table = self.column.table
        assert isinstance(table, Table)  # noqa: S101 - columns of models always do
        return table

    @property
    def name(self) -> str:
        """``table.column``."""
        return f"{self.table.name}.{self.column.name}"


@dataclass(slots=True)
class Resealed:
    """What one pass over a column did."""

    changed: int = 0
    unreadable: int = 0


def sealed_columns(metadata: MetaData) -> Sequence[SealedColumn]:
    """Every column that is declared as sealed, by name."""
    found = [
        SealedColumn(column, column.info["seal"])
        for table in metadata.tables.values()
        for column in table.columns
        if column.info.get("seal")
    ]
    return sorted(found, key=lambda item: item.name)


def census(item: SealedColumn) -> Counter[str]:
    """How many values each master key sealed, by key id."""
    # The key's id stands behind one byte that holds its length.
    key_id = func.convert_from(func.substring(item.column, 2, func.get_byte(item.column, 0)), "UTF8")
    query = select(key_id, func.count()).where(func.length(item.column) > 0).group_by(key_id)
    with maintainer_session() as session:
        _take_time(session)
        return Counter({str(name): count for name, count in session.execute(query)})


def reseal(item: SealedColumn, ring: Keyring, progress: Progress = lambda _: None) -> Resealed:
    """Bring a column under the current master key, batch by batch; rows that somebody is writing are left for later.

    A value that does not open stays as it is and is counted. Safe to run again, and beside another one.
    """
    result, after = Resealed(), None
    while True:
        with maintainer_session() as session:
            _take_time(session)
            found = session.execute(_foreign(item, ring, after)).all()
            fresh = [values for row in found if (values := _fresh(item, ring, row)) is not None]
            changed = session.connection().execute(_replace(item), fresh).rowcount if fresh else 0
        if not found:
            return result
        after = tuple(found[-1][:-1])
        result.changed += changed
        result.unreadable += len(found) - len(fresh)
        progress(changed)


def unreadable(item: SealedColumn, ring: Keyring) -> list[str]:
    """The primary keys of values that this ring does not open, as text."""
    query = select(*_keys(item), item.column).where(func.length(item.column) > 0).order_by(*_keys(item)).limit(BATCH)
    found: list[str] = []
    after: tuple[Any, ...] | None = None
    while True:
        with maintainer_session() as session:
            rows = session.execute(query if after is None else query.where(tuple_(*_keys(item)) > after)).all()
        if not rows:
            return found
        found += [", ".join(map(str, row[:-1])) for row in rows if not _opens(ring, row[-1], item.purpose)]
        after = tuple(rows[-1][:-1])


def _opens(ring: Keyring, sealed: bytes, purpose: str) -> bool:
    try:
        ring.unseal(bytes(sealed), purpose)
    except DecryptionError:
        return False
    return True


def _take_time(session: Session) -> None:
    # Looking through a large table may take longer than a request; no lock is held meanwhile.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))


def _keys(item: SealedColumn) -> list[Column[Any]]:
    return list(item.table.primary_key.columns)


def _foreign(item: SealedColumn, ring: Keyring, after: tuple[Any, ...] | None) -> Select[Any]:
    """The next values under another key, with their places; nothing is locked while a large table is looked through."""
    prefix = key_prefix(ring.current)
    query = select(*_keys(item), item.column).where(
        func.length(item.column) > 0, func.substring(item.column, 1, len(prefix)) != prefix
    )
    if after is not None:
        query = query.where(tuple_(*_keys(item)) > after)
    return query.order_by(*_keys(item)).limit(BATCH)


def _fresh(item: SealedColumn, ring: Keyring, row: Any) -> dict[str, Any] | None:
    try:
        fresh = ring.reseal(bytes(row[-1]), item.purpose)
    except DecryptionError:
        return None
    place = {f"key_{column.name}": row[position] for position, column in enumerate(_keys(item))}
    return {"fresh": fresh, "seen": row[-1], **place}


def _replace(item: SealedColumn) -> Any:
    """Put a fresh value in the place of the one that was seen, unless somebody changes the row just now."""
    place = and_(*(column == bindparam(f"key_{column.name}") for column in _keys(item)))
    unchanged = select(*_keys(item)).where(place, item.column == bindparam("seen"))
    # Never waiting for a lock, it cannot be part of a deadlock.
    free = tuple_(*_keys(item)).in_(unchanged.with_for_update(skip_locked=True))
    return update(item.table).where(free).values({item.column.name: bindparam("fresh")})
