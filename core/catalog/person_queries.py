"""Reading persons: lists and look-ups by blind index, one person with everything known, clear values on record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from core.accounts.api import Actor, record_audit, tenant_key
from core.catalog.person_fields import DIGITS, ENCRYPTED
from core.catalog.person_merging import demand_whole_marketplace, find_person
from core.catalog.person_models import Person, PersonDuplicate, PersonTraits
from core.catalog.person_store import blind_index
from core.catalog.person_views import (
    ConsentWord,
    MergedName,
    PersonDetail,
    PersonRow,
    Suggestion,
    Visit,
    masked,
)
from core.db.session import tenant_session
from core.errors import ForbiddenError
from core.events.api import visitors_of
from core.paging import Page, clamp, decode_cursor, encode_cursor

REVEAL = "manage_privacy"
LEAST_DIGITS = 5
MOST_FOUND = 200
STANDING = """
SELECT id FROM persons WHERE tenant_id = :tenant AND root_id IS NULL {after} ORDER BY id DESC LIMIT :size
"""
# Each look-up is one probe of its own index.
FOUND = text("""
SELECT id FROM (
  SELECT id FROM persons WHERE tenant_id = :tenant AND external_id = :name
  UNION SELECT id FROM persons WHERE tenant_id = :tenant AND email_index = cast(:email AS bytea)
  UNION SELECT id FROM persons WHERE tenant_id = :tenant AND phone_index = cast(:phone AS bytea)
) found WHERE id < :before ORDER BY id DESC LIMIT :size
""")
MERGED = text("""
SELECT p.external_id, s.external_id AS merged_into, m.merged_at, m.merged_by
FROM persons p JOIN person_merges m ON m.tenant_id = :tenant AND m.merged_id = p.id AND m.unmerged_at IS NULL
JOIN persons s ON s.id = m.survivor_id
WHERE p.tenant_id = :tenant AND p.root_id = :root ORDER BY m.merged_at DESC, m.id DESC
""")
WORDS = text("""
SELECT DISTINCT ON (c.purpose) c.purpose, c.granted, c.occurred_at, c.subject_id, c.source
FROM persons p JOIN consent_ledger c
  ON c.tenant_id = :tenant AND c.subject_type = 'person' AND c.subject_id = p.external_id
WHERE p.tenant_id = :tenant AND (p.id = :root OR p.root_id = :root)
ORDER BY c.purpose, c.occurred_at DESC, c.id DESC
""")
# Both must stand for themselves still, or for others, but not one for the other.
OPEN = """
SELECT d.id FROM person_duplicates d
JOIN persons a ON a.id = d.person_id AND a.tenant_id = :tenant
JOIN persons b ON b.id = d.other_id AND b.tenant_id = :tenant
WHERE d.tenant_id = :tenant AND d.dismissed_at IS NULL AND coalesce(a.root_id, a.id) <> coalesce(b.root_id, b.id)
  AND d.id < :before {of_one}
ORDER BY d.id DESC LIMIT :size
"""
OF_ONE = """AND (d.person_id IN (SELECT id FROM persons WHERE tenant_id = :tenant AND (id = :root OR root_id = :root))
  OR d.other_id IN (SELECT id FROM persons WHERE tenant_id = :tenant AND (id = :root OR root_id = :root)))"""
LAST = 2**63 - 1


def list_persons(actor: Actor, *, search: str = "", limit: int = 50, cursor: str | None = None) -> Page[PersonRow]:
    """Persons, newest first, without those merged into others; or whom a whole e-mail, number or external id finds.

    Raises `ForbiddenError` for staff of one organiser, `InvalidInputError` for a cursor of another list.
    """
    demand_whole_marketplace(actor)
    before = decode_cursor(cursor, int)
    size, wanted = clamp(limit), search.strip()
    values: dict[str, Any] = {"tenant": actor.tenant_id, "size": size + 1, "before": before[0] if before else LAST}
    with tenant_session(actor.tenant_id) as session:
        if wanted:
            ids = list(session.scalars(FOUND, values | _looked_for(actor.tenant_id, wanted)))
        else:
            after = "AND id < :before" if before else ""
            ids = list(session.scalars(text(STANDING.format(after=after)), values))
        rows = _rows(session, actor.tenant_id, ids[:size])
    more = len(ids) > size
    return Page([rows[person_id] for person_id in ids[:size]], encode_cursor(ids[size - 1]) if more else None)


def _looked_for(tenant_id: int, wanted: str) -> dict[str, Any]:
    key = tenant_key(tenant_id)
    digits = len(DIGITS.findall(wanted)) >= LEAST_DIGITS
    return {
        "name": wanted,
        "email": blind_index(key, "email", wanted) if "@" in wanted else None,
        "phone": blind_index(key, "phone", wanted) if digits else None,
    }


def get_person(actor: Actor, external_id: str) -> PersonDetail:
    """One person with names masked; raises `NotFoundError`, or `ForbiddenError` for staff of one organiser."""
    demand_whole_marketplace(actor)
    tenant_id = actor.tenant_id
    with tenant_session(tenant_id) as session:
        person = find_person(session, tenant_id, external_id)
        root = person.root_id or person.id
        values = {"tenant": tenant_id, "root": root}
        traits = session.get(PersonTraits, (tenant_id, person.id))
        merged = [MergedName(*row) for row in session.execute(MERGED, values)]
        words = [
            ConsentWord(row.purpose, row.granted, row.occurred_at, row.subject_id, row.source)
            for row in session.execute(WORDS, values)
        ]
        visits = [
            Visit(item.visitor_id, item.name, item.source, item.linked_at, item.unlinked_at)
            for item in visitors_of(session, tenant_id, root)
        ]
        open_ones = session.scalars(
            text(OPEN.format(of_one=OF_ONE)), {**values, "before": LAST, "size": MOST_FOUND}
        ).all()
        suggestions = _suggestions(session, tenant_id, open_ones)
        row = _rows(session, tenant_id, [person.id])[person.id]
        shown = {name: masked(name, clear) for name, clear in _opened(tenant_id, person).items()}
    return PersonDetail(
        row,
        shown,
        traits.age_band if traits else None,
        traits.gender if traits else None,
        tuple(merged),
        tuple(words),
        tuple(visits),
        tuple(suggestions),
    )


def reveal_person(actor: Actor, external_id: str) -> dict[str, str]:
    """A person's clear values by field, for those who may see them; that they looked is kept in the audit log."""
    demand_whole_marketplace(actor)
    if REVEAL not in actor.permissions:
        raise ForbiddenError("only those who look after privacy see clear values", code="permission_missing")
    with tenant_session(actor.tenant_id) as session:
        person = find_person(session, actor.tenant_id, external_id)
        clear = _opened(actor.tenant_id, person)
        record_audit(session, actor, "person.reveal", f"person:{person.id}", {"fields": sorted(clear)})
    return clear


def list_duplicates(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[Suggestion]:
    """Pairs of persons with the same address or number that nobody has decided on, newest first."""
    demand_whole_marketplace(actor)
    before = decode_cursor(cursor, int)
    size = clamp(limit)
    values = {"tenant": actor.tenant_id, "before": before[0] if before else LAST, "size": size + 1}
    with tenant_session(actor.tenant_id) as session:
        ids = list(session.scalars(text(OPEN.format(of_one="")), values))
        items = _suggestions(session, actor.tenant_id, ids[:size])
    return Page(items, encode_cursor(ids[size - 1]) if len(ids) > size else None)


def _suggestions(session: Session, tenant_id: int, ids: Sequence[int]) -> list[Suggestion]:
    query = select(PersonDuplicate).where(PersonDuplicate.tenant_id == tenant_id, PersonDuplicate.id.in_(ids))
    found = session.scalars(query.order_by(PersonDuplicate.id.desc())).all() if ids else []
    people = _rows(session, tenant_id, sorted({person for row in found for person in (row.person_id, row.other_id)}))
    return [
        Suggestion(row.id, people[row.person_id], people[row.other_id], row.reason, row.created_at) for row in found
    ]


def _rows(session: Session, tenant_id: int, ids: Sequence[int]) -> dict[int, PersonRow]:
    if not ids:
        return {}
    root = aliased(Person)
    query = (
        select(Person, PersonTraits.city, PersonTraits.country, root.external_id)
        .outerjoin(PersonTraits, (PersonTraits.tenant_id == tenant_id) & (PersonTraits.person_id == Person.id))
        .outerjoin(root, root.id == Person.root_id)
        .where(Person.tenant_id == tenant_id, Person.id.in_(ids))
    )
    rows = {}
    for person, city, country, merged_into in session.execute(query):
        clear = _opened(tenant_id, person, ("email", "phone", "first_name", "last_name"))
        shown = {name: masked(name, value) for name, value in clear.items()}
        names = [shown[name] for name in ("first_name", "last_name") if name in shown]
        rows[person.id] = PersonRow(
            person.external_id,
            " ".join(names) or None,
            shown.get("email") or shown.get("phone"),
            city,
            country,
            person.marketing_consent,
            person.data_processing_consent,
            merged_into,
            person.created_at,
        )
    return rows


def _opened(tenant_id: int, person: Person, names: Sequence[str] = ENCRYPTED) -> dict[str, str]:
    key = tenant_key(tenant_id)
    sealed = {name: getattr(person, f"{name}_ciphertext") for name in names}
    return {name: key.decrypt(value, f"persons.{name}") for name, value in sealed.items() if value is not None}
