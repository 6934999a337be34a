"""Stores blocks of persons: the whole block in a few statements, none of which depends on fresh statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.accounts.api import tenant_key
from core.catalog.import_sinks import copy_into, insert
from core.catalog.person_changes import STORED, changes_nothing
from core.catalog.person_fields import ENCRYPTED, INDEXED, TRAITS
from core.catalog.person_store import COLUMNS, STAGED

FILLS = ("persons", "consent_ledger")
TYPES = {name: "bytea" if name in COLUMNS else "text" for name in STAGED}
WRITTEN = {"id": "bigint", "external_id": "text", "person_id": "bigint", "created": "boolean"}
SAME = {"reason": "text", "shared": "bytea", "id": "bigint"}
KNOWN = {"id": "bigint", "external_id": "text", "gap": "boolean"}
CIPHERTEXTS = ", ".join(COLUMNS)
COARSE = ", ".join(TRAITS)

WRITE = f"""
WITH written AS (
  INSERT INTO persons AS p (tenant_id, external_id, {CIPHERTEXTS})
  SELECT :tenant, external_id, {CIPHERTEXTS} FROM pg_temp.incoming_persons i {{who}} ORDER BY external_id
  {{conflict}}
  RETURNING id, external_id, root_id, {{created}} AS created
), kept AS (
  INSERT INTO pg_temp.written_persons SELECT id, external_id, coalesce(root_id, id), created FROM written
), traits AS (
  INSERT INTO person_traits AS t (tenant_id, person_id, {COARSE})
  SELECT :tenant, w.id, {", ".join(f"i.{name}" for name in TRAITS)}
  FROM written w JOIN pg_temp.incoming_persons i USING (external_id)
  {{traits}}
)
SELECT count(*) AS written, count(*) FILTER (WHERE created) AS created FROM written
"""  # noqa: S608 - column names are constants of this module
# Without anybody who is known already: a third less work for the database.
INSERT = text(WRITE.format(who="", conflict="", created="true", traits=""))
UPSERT = text(
    WRITE.format(
        who="",
        conflict="ON CONFLICT (tenant_id, external_id) DO UPDATE SET "
        + ", ".join(f"{name} = coalesce(excluded.{name}, p.{name})" for name in COLUMNS),
        created="xmax = 0",
        traits="ON CONFLICT (tenant_id, person_id) DO UPDATE SET "
        + ", ".join(f"{name} = coalesce(excluded.{name}, t.{name})" for name in TRAITS),
    )
)
INSERT_MISSING = text(
    WRITE.format(
        who="WHERE NOT EXISTS (SELECT 1 FROM pg_temp.known_persons k WHERE k.external_id = i.external_id)",
        conflict="ON CONFLICT (tenant_id, external_id) DO NOTHING",
        created="true",
        traits="",
    )
)
UNCHANGED = text("DELETE FROM pg_temp.incoming_persons WHERE external_id = ANY(cast(:names AS text[]))")
SAID = text("SELECT * FROM pg_temp.incoming_persons WHERE external_id = ANY(cast(:names AS text[]))")
FIND = text(STORED.format(source="SELECT external_id FROM pg_temp.incoming_persons"))


def _gaps(said: str, stored: str, names: tuple[str, ...]) -> str:
    return " OR ".join(f"({stored}.{name} IS NULL AND {said}.{name} IS NOT NULL)" for name in names)


# Buyers of old orders: they fill in what is not known yet, and never overwrite what was said since.
FIND_GAPS = text(f"""
INSERT INTO pg_temp.known_persons
SELECT p.id, i.external_id, {_gaps("i", "p", COLUMNS)} OR {_gaps("i", "t", TRAITS)}
FROM pg_temp.incoming_persons i CROSS JOIN LATERAL (
  SELECT id, {CIPHERTEXTS} FROM persons WHERE tenant_id = :tenant AND external_id = i.external_id LIMIT 1) p
LEFT JOIN LATERAL (
  SELECT {COARSE} FROM person_traits WHERE tenant_id = :tenant AND person_id = p.id LIMIT 1) t ON true
""")  # noqa: S608 - column names are constants of this module
WITH_GAPS = text("SELECT id FROM pg_temp.known_persons WHERE gap")
FILL_GAPS = (
    # In one order, as everybody does who changes many persons, so that two of them wait instead of deadlocking.
    text("""
SELECT count(*) FROM (
  SELECT id FROM persons WHERE tenant_id = :tenant AND id = ANY(cast(:ids AS bigint[]))
  ORDER BY id FOR NO KEY UPDATE) locked
"""),
    text(f"""
UPDATE persons p SET {", ".join(f"{name} = coalesce(p.{name}, i.{name})" for name in COLUMNS)}
FROM pg_temp.known_persons k JOIN pg_temp.incoming_persons i USING (external_id)
WHERE p.tenant_id = :tenant AND p.id = k.id AND p.id = ANY(cast(:ids AS bigint[]))
"""),  # noqa: S608 - column names are constants of this module
    text(f"""
UPDATE person_traits t SET {", ".join(f"{name} = coalesce(t.{name}, i.{name})" for name in TRAITS)}
FROM pg_temp.known_persons k JOIN pg_temp.incoming_persons i USING (external_id)
WHERE t.tenant_id = :tenant AND t.person_id = k.id AND t.person_id = ANY(cast(:ids AS bigint[]))
"""),  # noqa: S608 - column names are constants of this module
)
# Whoever is stored with an address or number that comes now.
FIND_SAME = """
INSERT INTO pg_temp.same_persons
SELECT '{reason}', i.shared, p.id FROM (
  SELECT DISTINCT {reason}_index AS shared FROM pg_temp.incoming_persons WHERE {reason}_index IS NOT NULL) i
CROSS JOIN LATERAL (
  SELECT id FROM persons WHERE tenant_id = :tenant AND {reason}_index = i.shared OFFSET 0) p
"""
# One suggestion for each later person, with the first of those who share the address or number: never all pairs.
NOTE_DUPLICATES = """
WITH written AS (
  SELECT w.id, i.{reason}_index AS shared
  FROM pg_temp.written_persons w JOIN pg_temp.incoming_persons i USING (external_id) WHERE i.{reason}_index IS NOT NULL
), people AS (
  SELECT id, shared, true AS written FROM written
  UNION ALL
  SELECT s.id, s.shared, false FROM pg_temp.same_persons s
  WHERE s.reason = '{reason}' AND NOT EXISTS (SELECT 1 FROM written w WHERE w.id = s.id)
), first AS (
  SELECT shared, min(id) AS id FROM people GROUP BY 1 HAVING count(*) > 1
)
INSERT INTO person_duplicates (tenant_id, person_id, other_id, reason)
SELECT :tenant, f.id, p.id, '{reason}' FROM first f JOIN people p USING (shared)
WHERE p.id <> f.id AND (p.written OR f.id IN (SELECT id FROM written))
ON CONFLICT DO NOTHING
"""
PROJECT = text("""
SELECT adrail_project_consent(:tenant, array_agg(w.person_id)) FROM pg_temp.written_persons w
WHERE w.created AND (
  SELECT true FROM consent_ledger c
  WHERE c.tenant_id = :tenant AND c.subject_type = 'person' AND c.subject_id = w.external_id LIMIT 1)
HAVING count(*) > 0
""")

Consent = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class PersonBlock:
    """Persons of one block, each once: rows for COPY, and what they agreed to."""

    count: int
    data: bytes
    consents: list[Consent] = field(default_factory=list)


def store_persons(session: Session, tenant_id: int, block: PersonBlock) -> tuple[int, set[str]]:
    """Upsert a block; what it says replaces what was known.

    Returns how many are new, and the external ids of those of whom nothing new was said.
    """
    _stage(session, block)
    values = {"tenant": tenant_id}
    stored = {row.external_id: row for row in session.execute(FIND, values)}
    unchanged = _unchanged(session, tenant_id, stored)
    if unchanged:
        session.execute(UNCHANGED, {"names": sorted(unchanged)})
    if len(unchanged) == block.count:
        return 0, unchanged
    _beforehand(session, tenant_id)
    done = session.execute(UPSERT, values) if stored else insert(session, INSERT, UPSERT, values)
    created = int(done.one().created)
    _afterwards(session, tenant_id)
    return created, unchanged


def _unchanged(session: Session, tenant_id: int, stored: dict[str, Any]) -> set[str]:
    if not stored:
        return set()
    key = tenant_key(tenant_id)
    unchanged = set()
    for row in session.execute(SAID, {"names": list(stored)}):
        said = {name: getattr(row, name) for name in TRAITS}
        for name in ENCRYPTED:
            sealed = getattr(row, f"{name}_ciphertext")
            said[name] = None if sealed is None else key.decrypt(sealed, f"persons.{name}")
        if changes_nothing(key, said, stored[row.external_id]):
            unchanged.add(row.external_id)
    return unchanged


def complete_persons(session: Session, tenant_id: int, block: PersonBlock) -> None:
    """Insert the persons of a block who are new; of the others only what was not known yet is taken."""
    if not block.count:
        return
    _stage(session, block)
    copy_into(session, "known_persons", KNOWN, b"")
    values = {"tenant": tenant_id}
    session.execute(FIND_GAPS, values)
    known = session.scalar(text("SELECT count(*) FROM pg_temp.known_persons")) or 0
    gaps = list(session.scalars(WITH_GAPS)) if known else []
    if known == block.count and not gaps:
        return
    _beforehand(session, tenant_id)
    if not known:
        insert(session, INSERT, INSERT_MISSING, values)
    elif known < block.count:
        session.execute(INSERT_MISSING, values)
    if gaps:
        for statement in FILL_GAPS:
            session.execute(statement, {**values, "ids": gaps})
    _afterwards(session, tenant_id)


def _stage(session: Session, block: PersonBlock) -> None:
    copy_into(session, "written_persons", WRITTEN, b"")
    copy_into(session, "incoming_persons", TYPES, block.data)
    copy_into(session, "same_persons", SAME, b"")


def _beforehand(session: Session, tenant_id: int) -> None:
    """Look who has an address or number that somebody is about to get."""
    for name in INDEXED:
        session.execute(text(FIND_SAME.format(reason=name)), {"tenant": tenant_id})


def _afterwards(session: Session, tenant_id: int) -> None:
    """Note who shares an address or number with somebody, and what the ledger knew of them before they came."""
    for name in INDEXED:
        session.execute(text(NOTE_DUPLICATES.format(reason=name)), {"tenant": tenant_id})
    session.execute(PROJECT, {"tenant": tenant_id})
