"""Looking into the database, past all policies, as no part of the application can."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.marketplace import Marketplace


class Store:
    """What is stored of one marketplace."""

    def __init__(self, connection: psycopg.Connection[Any], marketplace: Marketplace) -> None:
        self._connection = connection
        self._tenant_id = marketplace.tenant_id

    @property
    def backend(self) -> int:
        """The database's process that answers."""
        return self._connection.info.backend_pid

    def sql(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run any statement; ``%(tenant)s`` is the marketplace."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(statement.encode(), {"tenant": self._tenant_id, **parameters})
            return cursor.fetchall() if cursor.description else []

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        """All of its rows in a table."""
        return self.sql(f"SELECT * FROM {table} WHERE tenant_id = %(tenant)s ORDER BY {order}")

    def count(self, table: str) -> int:
        """How many of its rows a table has."""
        return int(self.sql(f"SELECT count(*) AS rows FROM {table} WHERE tenant_id = %(tenant)s")[0]["rows"])

    def has(self, event_id: str) -> bool:
        """Whether an event is stored."""
        found = "SELECT 1 FROM tx_events WHERE tenant_id = %(tenant)s AND event_id = cast(%(event)s AS uuid)"
        return bool(self.sql(found, event=event_id))

    def events(self) -> list[dict[str, Any]]:
        """Its events, oldest first."""
        return self.rows("tx_events", "occurred_at, event_id")

    def event_ids(self) -> list[str]:
        """Ids of its events, as often as they are stored."""
        return [str(row["event_id"]) for row in self.events()]

    def session(self, session_id: str) -> dict[str, Any]:
        """One visit."""
        return self.sql(
            "SELECT * FROM tx_sessions WHERE tenant_id = %(tenant)s AND session_id = %(session)s", session=session_id
        )[0]

    def links(self, visitor: str | None = None) -> list[dict[str, Any]]:
        """Identity links, or those of one visitor, with the persons' external ids, oldest first."""
        return self.sql(
            "SELECT l.visitor_id AS visitor, p.external_id AS person, l.source, l.order_id, l.linked_at, l.unlinked_at"
            " FROM tx_identity_links l JOIN persons p ON p.id = l.person_id"
            " WHERE l.tenant_id = %(tenant)s AND l.visitor_id = coalesce(%(visitor)s, l.visitor_id)"
            " ORDER BY l.linked_at, l.id",
            visitor=visitor,
        )

    def ledger(self, subject: str, purpose: str = "marketing") -> list[bool]:
        """What a subject said about a purpose, in the order of saying."""
        rows = self.sql(
            "SELECT granted FROM consent_ledger WHERE tenant_id = %(tenant)s AND subject_id = %(subject)s"
            " AND purpose = %(purpose)s ORDER BY occurred_at, id",
            subject=subject,
            purpose=purpose,
        )
        return [row["granted"] for row in rows]
