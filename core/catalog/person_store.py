"""Writes persons: set-based upsert that encrypts, indexes, keeps traits, records consent and notices duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.accounts.api import tenant_key
from core.catalog.person_changes import changes_nothing, stored_persons
from core.catalog.person_fields import ENCRYPTED, INDEXED, TRAITS, normal, read_person
from core.db.locks import Lock
from core.errors import FieldProblem
from core.privacy.api import ConsentStatement, append_statements
from core.security.crypto import DataKey

COLUMNS = (*(f"{name}_ciphertext" for name in ENCRYPTED), *(f"{name}_index" for name in INDEXED))
STAGED = ("external_id", *COLUMNS, *TRAITS)
SMALL = 200
"""Up to so many rows travel as parameters; more are copied into a temporary table first."""


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """What became of one row: ``status`` is created, updated, unchanged or refused; ``errors`` say why it was refused.

    ``person_id`` is who stands for the person now, which differs from ``named_id`` where persons were merged.
    """

    external_id: str | None
    status: str
    person_id: int | None = None
    named_id: int | None = None
    errors: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A stored person: its own row, the row that stands for it, and whether it is new or has changed."""

    named_id: int
    person_id: int
    created: bool
    changed: bool = True


def _typed(form: str) -> str:
    """Every staged column with its type, as ``form`` writes it."""
    return ", ".join(form.format(name=name, kind="bytea" if name in COLUMNS else "text") for name in STAGED)


CREATE = text(
    f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_persons ({_typed('{name} {kind}')}) ON COMMIT DELETE ROWS"
)
COPIED = "SELECT * FROM pg_temp.incoming_persons"
PARAMETERS = _typed("cast(:{name} AS {kind}[])")
GIVEN = f"SELECT * FROM unnest({PARAMETERS}) AS given({', '.join(STAGED)})"  # noqa: S608 - constants of this module

# In the order of their names, so that two writers with the same persons wait for each other instead of deadlocking.
UPSERT = f"""
WITH incoming AS ({{source}}), written AS (
  INSERT INTO persons AS p (tenant_id, external_id, {", ".join(COLUMNS)})
  SELECT :tenant, external_id, {", ".join(COLUMNS)} FROM incoming ORDER BY external_id
  ON CONFLICT (tenant_id, external_id) DO UPDATE SET
    {", ".join(f"{name} = coalesce(excluded.{name}, p.{name})" for name in COLUMNS)}
  RETURNING id, external_id, root_id, xmax = 0 AS created
), traits AS (
  INSERT INTO person_traits AS t (tenant_id, person_id, {", ".join(TRAITS)})
  SELECT :tenant, w.id, {", ".join(f"i.{name}" for name in TRAITS)} FROM written w JOIN incoming i USING (external_id)
  ON CONFLICT (tenant_id, person_id) DO UPDATE SET
    {", ".join(f"{name} = coalesce(excluded.{name}, t.{name})" for name in TRAITS)}
)
SELECT external_id, id, coalesce(root_id, id) AS person_id, created FROM written
"""  # noqa: S608 - column names are constants of this module

# One suggestion for each later person, with the first of those who share the address or number: never all pairs.
DUPLICATES = """
WITH shared AS (
  SELECT p.{index} AS shared, min(p.id) AS first FROM persons p
  WHERE p.tenant_id = :tenant AND p.{index} = ANY(cast(:indexes AS bytea[])) GROUP BY 1 HAVING count(*) > 1
)
INSERT INTO person_duplicates (tenant_id, person_id, other_id, reason)
SELECT :tenant, s.first, p.id, :reason FROM shared s
JOIN persons p ON p.tenant_id = :tenant AND p.{index} = s.shared AND p.id <> s.first
WHERE p.id = ANY(cast(:ids AS bigint[])) OR s.first = ANY(cast(:ids AS bigint[]))
ON CONFLICT DO NOTHING
"""
# Their names may have spoken before they were stored.
PROJECT = text("""
SELECT adrail_project_consent(:tenant, array_agg(coalesce(p.root_id, p.id))) FROM persons p
WHERE p.tenant_id = :tenant AND p.external_id = ANY(cast(:names AS text[])) AND EXISTS (
  SELECT 1 FROM consent_ledger c
  WHERE c.tenant_id = :tenant AND c.subject_type = 'person' AND c.subject_id = p.external_id)
HAVING count(*) > 0
""")


def upsert_persons(
    session: Session, tenant_id: int, rows: Sequence[Any], source: str = "catalog"
) -> list[PersonOutcome]:
    """Insert or update persons by external id; returns one outcome per row, in order.

    Fields that are missing, None or empty leave what is known. ``consent`` of a row is appended to the ledger under
    ``source``. A refused row does not keep the others from being stored. Set-based, however many rows.
    """
    read = [read_person(row) for row in rows]
    merged: dict[str, dict[str, Any]] = {}
    for clean, problems in read:
        if not problems:
            merged.setdefault(clean["external_id"], {}).update(clean)
    # Nobody may be merged between looking and writing.
    stay_clear_of_merges(session, tenant_id)
    key, stored = tenant_key(tenant_id), stored_persons(session, tenant_id, list(merged))
    known = {name: row for name, row in stored.items() if changes_nothing(key, merged[name], row)}
    written = write_persons(session, tenant_id, [person for name, person in merged.items() if name not in known])
    spoken = _record_consent(session, tenant_id, [clean for clean, problems in read if not problems], source)
    for name, row in known.items():
        written[name] = Written(row.id, row.person_id, created=False, changed=name in spoken)
    seen: set[str] = set()
    return [_outcome(row, clean, problems, written, seen) for row, (clean, problems) in zip(rows, read, strict=True)]


def _outcome(
    row: Any, clean: dict[str, Any], problems: list[FieldProblem], written: Mapping[str, Written], seen: set[str]
) -> PersonOutcome:
    if problems:
        sent = row.get("external_id") if isinstance(row, Mapping) else None
        return PersonOutcome(sent if isinstance(sent, str) else None, "refused", errors=tuple(problems))
    name = clean["external_id"]
    found = written[name]
    status = "created" if found.created and name not in seen else "updated" if found.changed else "unchanged"
    seen.add(name)
    return PersonOutcome(name, status, found.person_id, found.named_id)


def write_persons(session: Session, tenant_id: int, persons: Sequence[dict[str, Any]]) -> dict[str, Written]:
    """Store clean persons, each external id once; returns external id → what was written."""
    key = tenant_key(tenant_id)
    return write_staged(session, tenant_id, [staged_row(key, person) for person in persons])


def write_staged(session: Session, tenant_id: int, staged: Sequence[tuple[Any, ...]]) -> dict[str, Written]:
    """Store rows that `staged_row` made, each external id once."""
    if not staged:
        return {}
    stay_clear_of_merges(session, tenant_id)
    values: dict[str, Any] = {"tenant": tenant_id}
    if len(staged) <= SMALL:
        values.update({name: list(column) for name, column in zip(STAGED, zip(*staged, strict=True), strict=True)})
        source = GIVEN
    else:
        _copy(session, staged)
        source = COPIED
    found = session.execute(text(UPSERT.format(source=source)), values).all()
    written = {row.external_id: Written(row.id, row.person_id, row.created) for row in found}
    _note_duplicates(session, tenant_id, staged, [item.named_id for item in written.values()])
    new = [name for name, item in written.items() if item.created]
    if new:
        session.execute(PROJECT, {"tenant": tenant_id, "names": new})
    return written


def staged_row(key: DataKey, person: Mapping[str, Any]) -> tuple[Any, ...]:
    """One person as the columns `STAGED`: encrypted, indexed, traits in clear."""
    columns = encrypted_columns(key, person)
    return (
        person["external_id"],
        *(columns[name] for name in COLUMNS),
        *(person.get(name) for name in TRAITS),
    )


def encrypted_columns(key: DataKey, person: Mapping[str, Any]) -> dict[str, bytes | None]:
    """Ciphertext and blind-index columns of one person's clear fields; None for what is not given."""
    values: dict[str, bytes | None] = {}
    for name in ENCRYPTED:
        clear = person.get(name)
        values[f"{name}_ciphertext"] = key.encrypt(clear, f"persons.{name}") if clear else None
    for name in INDEXED:
        clear = person.get(name)
        values[f"{name}_index"] = blind_index(key, name, clear) if clear else None
    return values


def blind_index(key: DataKey, name: str, clear: str) -> bytes:
    """The keyed hash under which an e-mail address or phone number is found."""
    return key.blind_index(f"persons.{name}", normal(name, clear))


def stay_clear_of_merges(session: Session, tenant_id: int, *, merging: bool = False) -> None:
    """Writers of what belongs to persons share a lock that a merge holds alone, until the transaction ends.

    Otherwise a row could be written for a person that is being merged away at the same time.
    """
    kind = "pg_advisory_xact_lock" if merging else "pg_advisory_xact_lock_shared"
    session.execute(text(f"SELECT {kind}({Lock.PERSON_MERGES}, :tenant)"), {"tenant": tenant_id % 2**31})


def _copy(session: Session, staged: Sequence[tuple[Any, ...]]) -> None:
    session.execute(CREATE)
    session.execute(text("TRUNCATE pg_temp.incoming_persons"))
    raw = session.connection().connection.cursor()
    with raw.copy(f"COPY pg_temp.incoming_persons ({', '.join(STAGED)}) FROM STDIN") as copy:
        for row in staged:
            copy.write_row(row)


def _note_duplicates(session: Session, tenant_id: int, staged: Sequence[tuple[Any, ...]], ids: list[int]) -> None:
    for name in INDEXED:
        column = STAGED.index(f"{name}_index")
        indexes = sorted({row[column] for row in staged if row[column] is not None})
        if indexes:
            values = {"tenant": tenant_id, "indexes": indexes, "ids": ids, "reason": name}
            session.execute(text(DUPLICATES.format(index=f"{name}_index")), values)


def _record_consent(session: Session, tenant_id: int, persons: Sequence[Mapping[str, Any]], source: str) -> set[str]:
    """Append what they agreed to; returns whose words changed something."""
    statements = [
        ConsentStatement(
            "person",
            person["external_id"],
            {name: said for name, said in consent.items() if isinstance(said, bool)},
            source,
            datetime.fromisoformat(consent["captured_at"]),
            consent.get("copy_hash"),
        )
        for person in persons
        if (consent := person.get("consent"))
    ]
    return {subject for _, subject in append_statements(session, tenant_id, statements)}
