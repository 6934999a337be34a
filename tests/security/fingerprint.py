"""What the database holds, as one number a table: two looks tell whether anything at all changed in between."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from core.tables import metadata

Looking = psycopg.Connection[tuple[Any, ...]]
Fingerprint = dict[str, tuple[int, int]]

# What changes by the attacker's own presence, now and then.
PRESENCE = {"api_keys": ["last_used_at"], "user_sessions": ["last_seen_at", "expires_at"]}


def fingerprint(looking: Looking, *, tenant_id: int | None = None, organizer_id: int | None = None) -> Fingerprint:
    """Number and checksum of the rows of every table: all rows, a tenant's, or those that name an organiser."""
    parts = []
    for name, table in metadata.tables.items():
        where: sql.Composable = sql.SQL("true")
        if organizer_id is not None:
            column = "organizer_id" if "organizer_id" in table.c else "id" if name == "organizers" else None
            if column is None:
                continue
            where = sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(organizer_id))
        elif tenant_id is not None:
            column = "tenant_id" if "tenant_id" in table.c else "id" if name == "tenants" else None
            if column is None:
                continue
            where = sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(tenant_id))
        parts.append(_part(name, where))
    rows = looking.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return {name: (count, checksum) for name, count, checksum in rows}


def _part(name: str, where: sql.Composable) -> sql.Composed:
    return sql.SQL(
        "SELECT {name}, count(*), coalesce(sum(hashtextextended((to_jsonb(t) - {presence}::text[])::text, 0)), 0)::text"
        " FROM {table} t WHERE {where}"
    ).format(
        name=sql.Literal(name), presence=sql.Literal(PRESENCE.get(name, [])), table=sql.Identifier(name), where=where
    )


def changes(before: Fingerprint, after: Fingerprint) -> list[str]:
    """Names of the tables that differ."""
    return [name for name in before if before[name] != after[name]]
