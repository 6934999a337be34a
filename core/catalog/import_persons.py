"""Imports persons: checked and encrypted beside the database, stored in sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.accounts.api import tenant_key
from core.catalog.import_mapping import DATE, FLAG, MOMENT, TEXT, Shape
from core.catalog.import_person_store import FILLS, Consent, PersonBlock, store_persons
from core.catalog.import_person_table import NAMES, clean_consents, clean_people, person_rows, without
from core.catalog.import_reading import Row
from core.catalog.import_sinks import Prepared, Reject, Sink, Stored
from core.catalog.import_table import Table, kept, repeated
from core.catalog.person_fields import ENCRYPTED, PURPOSES, TRAITS, read_person
from core.catalog.person_store import stay_clear_of_merges
from core.privacy.api import ConsentStatement, append_statements

SHAPE = Shape(
    {
        **dict.fromkeys(("external_id", *ENCRYPTED, *TRAITS), TEXT),
        "birthday": DATE,
        **{f"consent.{purpose}": FLAG for purpose in PURPOSES},
        "consent.captured_at": MOMENT,
        "consent.copy_hash": TEXT,
    }
)


def prepare(tenant_id: int, rows: Sequence[Row], _options: Mapping[str, Any]) -> Prepared:
    """Check, merge and encrypt the persons of a block."""
    prepared = Prepared(len(rows))
    merged, consents = _read(rows, prepared.rejects)
    prepared.payload = PersonBlock(len(merged), single_rows(tenant_id, merged.values()), consents)
    return prepared


def prepare_table(tenant_id: int, table: Table, _options: Mapping[str, Any]) -> Prepared:
    """The same for columns; what is wrong or named twice is looked at row by row."""
    prepared = Prepared(len(table.lines))
    people, wrong = clean_people(table.columns, len(table.lines))
    said, wrongly_said = clean_consents(table.columns, len(table.lines))
    single = wrong | wrongly_said | repeated(people["external_id"])
    merged, consents = _read([table.row(at) for at in sorted(single)], prepared.rejects)
    people = without(people, single)
    said_by = zip(people["external_id"], kept(said, single), strict=True)
    consents += [(name, words) for name, words in said_by if words]
    data = person_rows(tenant_key(tenant_id), people) + single_rows(tenant_id, merged.values())
    prepared.payload = PersonBlock(len(people["external_id"]) + len(merged), data, consents)
    return prepared


def _read(rows: Iterable[Row], rejects: list[Reject]) -> tuple[dict[str, dict[str, Any]], list[Consent]]:
    """Clean persons by name, later rows completing earlier ones, and what they agreed to; others are rejected."""
    merged: dict[str, dict[str, Any]] = {}
    consents: list[Consent] = []
    for row in rows:
        clean, problems = read_person(row.data) if row.problem is None else ({}, [row.problem])
        if problems:
            rejects.append(Reject(row.line, tuple(problems)))
            continue
        consent = clean.pop("consent", None)
        if consent:
            consents.append((clean["external_id"], consent))
        merged.setdefault(clean["external_id"], {}).update(clean)
    return merged, consents


def single_rows(tenant_id: int, persons: Iterable[Mapping[str, Any]]) -> bytes:
    """Clean persons, each once, as rows for COPY."""
    people = list(persons)
    if not people:
        return b""
    columns = {name: [person.get(name) or "" for person in people] for name in NAMES}
    return person_rows(tenant_key(tenant_id), columns)


def store(session: Session, tenant_id: int, block: PersonBlock, _options: Mapping[str, Any]) -> Stored:
    """Store a block of persons."""
    if not block.count:
        return Stored()
    stay_clear_of_merges(session, tenant_id)
    new, unchanged = store_persons(session, tenant_id, block)
    spoken = append_statements(session, tenant_id, [_statement(name, said) for name, said in block.consents])
    known = len(unchanged - {subject for _, subject in spoken})
    return Stored(new=new, changed=block.count - new - known, known=known)


def _statement(name: str, said: Mapping[str, Any]) -> ConsentStatement:
    purposes = {purpose: said[purpose] for purpose in PURPOSES if isinstance(said.get(purpose), bool)}
    when = datetime.fromisoformat(said["captured_at"])
    return ConsentStatement("person", name, purposes, "import", when, said.get("copy_hash"))


PERSONS = Sink("persons", SHAPE, prepare, store, prepare_table=prepare_table, fills=FILLS)
