"""Rows that others know by their external id: finding and writing many of them with one statement each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Text, column, func, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.orm import Session

# What the wire may not change of a row.
KEYS = ("tenant_id", "external_id")


class ExternalRows:
    """Rows of one table with ``tenant_id``, ``external_id`` and ``id``; always in the caller's transaction."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @property
    def table(self) -> str:
        """The table's name."""
        return str(self.model.__tablename__)

    def lock(self, session: Session, tenant_id: int) -> None:
        """Wait for this table's turn in a tenant: many rows at once are written by one transaction at a time."""
        name = f"{self.table} {tenant_id}"
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})

    def find(
        self, session: Session, tenant_id: int, external_ids: Collection[str], *, lock: bool = False
    ) -> dict[str, Any]:
        """External id → row, for those that exist. With ``lock`` in id order, as everybody who locks several does."""
        query = select(self.model).where(self.model.tenant_id == tenant_id, self.model.external_id.in_(external_ids))
        if lock:
            query = query.order_by(self.model.id).with_for_update(key_share=True)
        return {row.external_id: row for row in session.scalars(query)} if external_ids else {}

    def ids(self, session: Session, tenant_id: int, external_ids: Collection[str]) -> dict[str, int]:
        """External id → id, for those that exist."""
        if not external_ids:
            return {}
        query = select(self.model.external_id, self.model.id).where(
            self.model.tenant_id == tenant_id, self.model.external_id.in_(external_ids)
        )
        return {row.external_id: row.id for row in session.execute(query)}

    def external_ids(self, session: Session, tenant_id: int, ids: Collection[int]) -> dict[int, str]:
        """Id → external id, for those that exist."""
        if not ids:
            return {}
        query = select(self.model.id, self.model.external_id).where(
            self.model.tenant_id == tenant_id, self.model.id.in_(ids)
        )
        return {row.id: row.external_id for row in session.execute(query)}

    def by_id(self, session: Session, tenant_id: int, ids: Collection[int]) -> dict[int, Any]:
        """Id → row, for those that exist."""
        if not ids:
            return {}
        query = select(self.model).where(self.model.tenant_id == tenant_id, self.model.id.in_(ids))
        return {row.id: row for row in session.scalars(query)}

    def write(self, session: Session, tenant_id: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Insert rows, or overwrite those whose external id exists; all have the same columns. Returns their ids."""
        if not rows:
            return {}
        values = [{"tenant_id": tenant_id, **row} for row in rows]
        statement, names = _insert_from(self.model, values)
        changed = {name: statement.excluded[name] for name in names if name not in KEYS}
        statement = statement.on_conflict_do_update(index_elements=list(KEYS), set_=changed)
        found = session.execute(statement.returning(self.model.external_id, self.model.id))
        return {row.external_id: row.id for row in found}


def insert_set(session: Session, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    if rows:
        session.execute(_insert_from(model, rows)[0])


def _insert_from(model: Any, rows: Sequence[Mapping[str, Any]]) -> tuple[Insert, list[str]]:
    """An INSERT … SELECT from one JSON parameter: twenty thousand parameters cost more than the rows themselves."""
    columns = [model.__table__.c[name] for name in rows[0]]
    document = literal(orjson.dumps(list(rows), default=str).decode(), Text).cast(JSONB)
    incoming = func.jsonb_to_recordset(document).table_valued(*(column(item.name, item.type) for item in columns))
    incoming = incoming.render_derived(name="incoming", with_types=True)
    source = select(*(incoming.c[item.name] for item in columns))
    names = [item.name for item in columns]
    return insert(model).from_select(names, source), names
