"""Imports persons: checked and encrypted beside the database, stored in sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.accounts.api import tenant_key
from core.catalog.import_mapping import DATE, FLAG, MOMENT, TEXT, Shape
from core.catalog.import_reading import Row
from core.catalog.import_sinks import Prepared, Reject, Sink, Stored, copy_into, copy_line
from core.catalog.person_fields import ENCRYPTED, INDEXED, PURPOSES, TRAITS, read_person
from core.catalog.person_store import COLUMNS, STAGED, staged_row, stay_clear_of_merges
from core.privacy.api import ConsentStatement, record_statements

SHAPE = Shape(
    {
        **dict.fromkeys(("external_id", *ENCRYPTED, *TRAITS), TEXT),
        "birthday": DATE,
        **{f"consent.{purpose}": FLAG for purpose in PURPOSES},
        "consent.captured_at": MOMENT,
        "consent.copy_hash": TEXT,
    }
)
TYPES = {name: "bytea" if name in COLUMNS else "text" for name in STAGED}
WRITTEN = {"id": "bigint", "external_id": "text", "person_id": "bigint", "created": "boolean"}

# The same as for single persons, with the answer kept in the database.
UPSERT = text(f"""
WITH written AS (
  INSERT INTO persons AS p (tenant_id, external_id, {", ".join(COLUMNS)})
  SELECT :tenant, external_id, {", ".join(COLUMNS)} FROM pg_temp.incoming_persons ORDER BY external_id
  ON CONFLICT (tenant_id, external_id) DO UPDATE SET
    {", ".join(f"{name} = coalesce(excluded.{name}, p.{name})" for name in COLUMNS)}
  RETURNING id, external_id, root_id, xmax = 0 AS created
), kept AS (
  INSERT INTO pg_temp.written_persons SELECT id, external_id, coalesce(root_id, id), created FROM written
), traits AS (
  INSERT INTO person_traits AS t (tenant_id, person_id, {", ".join(TRAITS)})
  SELECT :tenant, w.id, {", ".join(f"i.{name}" for name in TRAITS)}
  FROM written w JOIN pg_temp.incoming_persons i USING (external_id)
  ON CONFLICT (tenant_id, person_id) DO UPDATE SET
    {", ".join(f"{name} = coalesce(excluded.{name}, t.{name})" for name in TRAITS)}
)
SELECT count(*) AS written, count(*) FILTER (WHERE created) AS created FROM written
""")  # noqa: S608 - column names are constants of this module
# Buyers of old orders: they fill in what is not known yet, and never overwrite what was said since.
INSERT_NEW = text(f"""
WITH written AS (
  INSERT INTO persons (tenant_id, external_id, {", ".join(COLUMNS)})
  SELECT :tenant, i.external_id, {", ".join(f"i.{name}" for name in COLUMNS)} FROM pg_temp.incoming_persons i
  WHERE NOT EXISTS (SELECT 1 FROM persons k WHERE k.tenant_id = :tenant AND k.external_id = i.external_id)
  ORDER BY i.external_id
  ON CONFLICT (tenant_id, external_id) DO NOTHING
  RETURNING id, external_id
), kept AS (
  INSERT INTO pg_temp.written_persons SELECT id, external_id, id, true FROM written
)
INSERT INTO person_traits (tenant_id, person_id, {", ".join(TRAITS)})
SELECT :tenant, w.id, {", ".join(f"i.{name}" for name in TRAITS)}
FROM written w JOIN pg_temp.incoming_persons i USING (external_id)
""")  # noqa: S608 - column names are constants of this module
FILL_GAPS = (
    text(f"""
UPDATE persons p SET {", ".join(f"{name} = coalesce(p.{name}, i.{name})" for name in COLUMNS)}
FROM pg_temp.incoming_persons i
WHERE p.tenant_id = :tenant AND p.external_id = i.external_id
  AND ({" OR ".join(f"(p.{name} IS NULL AND i.{name} IS NOT NULL)" for name in COLUMNS)})
"""),  # noqa: S608 - column names are constants of this module
    text(f"""
UPDATE person_traits t SET {", ".join(f"{name} = coalesce(t.{name}, i.{name})" for name in TRAITS)}
FROM pg_temp.incoming_persons i JOIN persons p ON p.tenant_id = :tenant AND p.external_id = i.external_id
WHERE t.tenant_id = :tenant AND t.person_id = p.id
  AND ({" OR ".join(f"(t.{name} IS NULL AND i.{name} IS NOT NULL)" for name in TRAITS)})
"""),  # noqa: S608 - column names are constants of this module
)
DUPLICATES = """
WITH shared AS (
  SELECT p.{index} AS shared, min(p.id) AS first FROM persons p
  WHERE p.tenant_id = :tenant AND p.{index} = ANY(ARRAY(
    SELECT {index} FROM pg_temp.incoming_persons WHERE {index} IS NOT NULL))
  GROUP BY 1 HAVING count(*) > 1
)
INSERT INTO person_duplicates (tenant_id, person_id, other_id, reason)
SELECT :tenant, s.first, p.id, '{reason}' FROM shared s
JOIN persons p ON p.tenant_id = :tenant AND p.{index} = s.shared AND p.id <> s.first
WHERE p.id IN (SELECT id FROM pg_temp.written_persons) OR s.first IN (SELECT id FROM pg_temp.written_persons)
ON CONFLICT DO NOTHING
"""
PROJECT = text("""
SELECT adrail_project_consent(:tenant, array_agg(w.person_id)) FROM pg_temp.written_persons w
WHERE w.created AND EXISTS (
  SELECT 1 FROM consent_ledger c
  WHERE c.tenant_id = :tenant AND c.subject_type = 'person' AND c.subject_id = w.external_id)
HAVING count(*) > 0
""")


@dataclass(slots=True)
class PersonBlock:
    """Persons of one block, each once: rows for COPY, and what they agreed to."""

    count: int
    data: bytes
    consents: list[tuple[str, dict[str, Any]]]


def prepare(tenant_id: int, rows: Sequence[Row], _options: Mapping[str, Any]) -> Prepared:
    """Check, merge and encrypt the persons of a block."""
    prepared = Prepared(len(rows))
    merged: dict[str, dict[str, Any]] = {}
    consents: list[tuple[str, dict[str, Any]]] = []
    for row in rows:
        clean, problems = read_person(row.data) if row.problem is None else ({}, [row.problem])
        if problems:
            prepared.rejects.append(Reject(row.line, tuple(problems)))
            continue
        consent = clean.pop("consent", None)
        if consent:
            consents.append((clean["external_id"], consent))
        merged.setdefault(clean["external_id"], {}).update(clean)
    prepared.payload = person_block(tenant_id, merged.values(), consents)
    return prepared


def person_block(tenant_id: int, persons: Any, consents: list[tuple[str, dict[str, Any]]]) -> PersonBlock:
    """Encrypt clean persons, each once."""
    key = tenant_key(tenant_id)
    lines = [copy_line(staged_row(key, person)) for person in persons]
    return PersonBlock(len(lines), "".join(lines).encode(), consents)


def store(session: Session, tenant_id: int, block: PersonBlock, _options: Mapping[str, Any]) -> Stored:
    """Store a block of persons."""
    if not block.count:
        return Stored()
    stay_clear_of_merges(session, tenant_id)
    new = store_persons(session, tenant_id, block)
    record_statements(session, tenant_id, [_statement(name, said) for name, said in block.consents])
    return Stored(new=new, changed=block.count - new)


def store_persons(session: Session, tenant_id: int, block: PersonBlock) -> int:
    """Upsert a block; what it says replaces what was known. Returns how many are new."""
    _stage(session, block)
    created = session.execute(UPSERT, {"tenant": tenant_id}).one().created
    _afterwards(session, tenant_id)
    return int(created)


def complete_persons(session: Session, tenant_id: int, block: PersonBlock) -> None:
    """Insert the persons of a block who are new; of the others only what was not known yet is taken."""
    if not block.count:
        return
    _stage(session, block)
    for statement in (INSERT_NEW, *FILL_GAPS):
        session.execute(statement, {"tenant": tenant_id})
    _afterwards(session, tenant_id)


def _stage(session: Session, block: PersonBlock) -> None:
    copy_into(session, "written_persons", WRITTEN, b"")
    copy_into(session, "incoming_persons", TYPES, block.data)


def _afterwards(session: Session, tenant_id: int) -> None:
    """Note who shares an address or number with somebody, and what the ledger knew of them before they came."""
    for name in INDEXED:
        statement = DUPLICATES.format(index=f"{name}_index", reason=name)
        session.execute(text(statement), {"tenant": tenant_id})
    session.execute(PROJECT, {"tenant": tenant_id})


def _statement(name: str, said: Mapping[str, Any]) -> ConsentStatement:
    purposes = {purpose: said[purpose] for purpose in PURPOSES if isinstance(said.get(purpose), bool)}
    when = datetime.fromisoformat(said["captured_at"])
    return ConsentStatement("person", name, purposes, "import", when, said.get("copy_hash"))


PERSONS = Sink("persons", SHAPE, prepare, store)
