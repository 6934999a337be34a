"""Merging persons who are one, and taking it back.

Each person points at the one it was merged into; whoever nobody else stands for is the root. Orders, events and links
keep the name they came under, their ``person_id`` is always the root of that name. So a merge moves them there, and
taking it back moves exactly those home, also the ones that arrived in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.catalog.person_models import Person, PersonDuplicate
from core.catalog.person_store import stay_clear_of_merges
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, NotFoundError
from core.events.api import move_person, visitor_counts

MEMBERS = text("""
SELECT id, external_id FROM persons WHERE tenant_id = :tenant AND (id = :person OR root_id = :person) ORDER BY id
""")
BRANCH = text("""
WITH RECURSIVE branch AS (
  SELECT id, external_id FROM persons WHERE tenant_id = :tenant AND id = :person
  UNION ALL
  SELECT p.id, p.external_id FROM persons p JOIN branch b ON p.merged_into_id = b.id WHERE p.tenant_id = :tenant
)
SELECT id, external_id FROM branch ORDER BY id
""")
SET_ROOT = text("""
UPDATE persons SET root_id = nullif(cast(:root AS bigint), id)
WHERE tenant_id = :tenant AND id = ANY(cast(:ids AS bigint[]))
""")
SET_PARENT = text("UPDATE persons SET merged_into_id = :parent WHERE tenant_id = :tenant AND id = :person")
TAKE_ORDERS = text("""
UPDATE orders SET original_person_id = coalesce(original_person_id, person_id), person_id = :to
WHERE tenant_id = :tenant AND person_id = :from
""")
RETURN_ORDERS = text("""
UPDATE orders SET person_id = :to, original_person_id = nullif(original_person_id, :to)
WHERE tenant_id = :tenant AND person_id = :from AND original_person_id = ANY(cast(:ids AS bigint[]))
""")
NOTE_MERGE = text("""
INSERT INTO person_merges (tenant_id, survivor_id, merged_id, merged_by)
VALUES (:tenant, :survivor, :person, :actor)
""")
NOTE_RETURN = text("""
UPDATE person_merges SET unmerged_at = now(), unmerged_by = :actor
WHERE tenant_id = :tenant AND merged_id = :person AND unmerged_at IS NULL
""")
PROJECT = text("SELECT adrail_project_consent(:tenant, cast(:roots AS bigint[]))")
COUNT_ORDERS = text("""
SELECT person_id, count(*) AS orders FROM orders
WHERE tenant_id = :tenant AND person_id = ANY(cast(:persons AS bigint[])) GROUP BY 1
""")
SAID = text("""
SELECT DISTINCT ON (p.root, c.purpose) p.root, c.purpose, c.granted, c.occurred_at
FROM (SELECT coalesce(root_id, id) AS root, external_id FROM persons WHERE tenant_id = :tenant
      AND (id = ANY(cast(:persons AS bigint[])) OR root_id = ANY(cast(:persons AS bigint[])))) p
JOIN consent_ledger c ON c.tenant_id = :tenant AND c.subject_type = 'person' AND c.subject_id = p.external_id
ORDER BY p.root, c.purpose, c.occurred_at DESC, c.id DESC
""")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two persons about to be one: its names, what belongs to it, and its last word per purpose."""

    external_id: str
    names: tuple[str, ...]
    orders: int
    visitors: int
    consent: dict[str, bool]


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging would do; ``consent`` is what holds afterwards: the later word of the two, per purpose."""

    survivor: Side
    merged: Side
    consent: dict[str, bool]


def demand_whole_marketplace(actor: Actor) -> None:
    """Raise `ForbiddenError` for staff of one organiser: persons belong to the marketplace."""
    if actor.organizer_id is not None:
        raise ForbiddenError("persons are the marketplace's; organisers see their buyers in numbers only")


def preview_merge(actor: Actor, survivor: str, merged: str) -> MergePreview:
    """Say what `merge_persons` would do; raises what it would raise."""
    demand_whole_marketplace(actor)
    with tenant_session(actor.tenant_id) as session:
        kept, gone = _standing_pair(session, actor.tenant_id, survivor, merged)
        said = _said(session, actor.tenant_id, [kept.id, gone.id])
        together: dict[str, tuple[datetime, bool]] = {}
        for words in said.values():
            for purpose, (when, granted) in words.items():
                if purpose not in together or when > together[purpose][0]:
                    together[purpose] = (when, granted)
        sides = [_side(session, actor.tenant_id, person, said.get(person.id, {})) for person in (kept, gone)]
    return MergePreview(sides[0], sides[1], {purpose: granted for purpose, (_, granted) in together.items()})


def merge_persons(actor: Actor, survivor: str, merged: str) -> None:
    """Let ``survivor`` stand for ``merged`` (external ids), too: its orders, events, visitors and consent.

    Raises `NotFoundError`, or `ConflictError` when one of them is merged already.
    """
    demand_whole_marketplace(actor)
    tenant_id = actor.tenant_id
    with tenant_session(tenant_id) as session:
        stay_clear_of_merges(session, tenant_id, merging=True)
        kept, gone = _standing_pair(session, tenant_id, survivor, merged)
        members = session.execute(MEMBERS, {"tenant": tenant_id, "person": gone.id}).all()
        session.execute(SET_ROOT, {"tenant": tenant_id, "root": kept.id, "ids": [row.id for row in members]})
        session.execute(SET_PARENT, {"tenant": tenant_id, "parent": kept.id, "person": gone.id})
        session.execute(TAKE_ORDERS, {"tenant": tenant_id, "from": gone.id, "to": kept.id})
        names = [row.external_id for row in members]
        move_person(session, tenant_id, names, source=gone.id, target=kept.id)
        values = {"tenant": tenant_id, "survivor": kept.id, "person": gone.id, "actor": actor.label}
        session.execute(NOTE_MERGE, values)
        session.execute(PROJECT, {"tenant": tenant_id, "roots": [kept.id]})
        record_audit(session, actor, "person.merge", f"person:{kept.id}", {"merged": gone.id})


def unmerge_person(actor: Actor, merged: str) -> None:
    """Take the merge of a person (external id) back, with whoever had been merged into it before.

    Raises `NotFoundError`, or `ConflictError` when it is not merged.
    """
    demand_whole_marketplace(actor)
    tenant_id = actor.tenant_id
    with tenant_session(tenant_id) as session:
        stay_clear_of_merges(session, tenant_id, merging=True)
        person = find_person(session, tenant_id, merged)
        root = person.root_id
        if root is None:
            raise ConflictError(f"person {merged!r} is not merged into another", code="not_merged")
        branch = session.execute(BRANCH, {"tenant": tenant_id, "person": person.id}).all()
        ids = [row.id for row in branch]
        session.execute(SET_PARENT, {"tenant": tenant_id, "parent": None, "person": person.id})
        session.execute(SET_ROOT, {"tenant": tenant_id, "root": person.id, "ids": ids})
        session.execute(RETURN_ORDERS, {"tenant": tenant_id, "from": root, "to": person.id, "ids": ids})
        names = [row.external_id for row in branch]
        move_person(session, tenant_id, names, source=root, target=person.id)
        session.execute(NOTE_RETURN, {"tenant": tenant_id, "person": person.id, "actor": actor.label})
        session.execute(PROJECT, {"tenant": tenant_id, "roots": [root, person.id]})
        record_audit(session, actor, "person.unmerge", f"person:{person.id}", {"from": root})


def dismiss_duplicate(actor: Actor, suggestion_id: int) -> None:
    """Remember that two persons with the same address or number are not the same; raises `NotFoundError`."""
    demand_whole_marketplace(actor)
    with tenant_session(actor.tenant_id) as session:
        row = session.get(PersonDuplicate, suggestion_id)
        if row is None or row.tenant_id != actor.tenant_id:
            raise NotFoundError("there is no such suggestion")
        session.execute(
            text("UPDATE person_duplicates SET dismissed_at = now() WHERE tenant_id = :tenant AND id = :id"),
            {"tenant": actor.tenant_id, "id": suggestion_id},
        )
        record_audit(session, actor, "person.not_duplicate", f"person:{row.person_id}", {"other": row.other_id})


def find_person(session: Session, tenant_id: int, external_id: str) -> Person:
    """The row of a person; raises `NotFoundError`."""
    query = select(Person).where(Person.tenant_id == tenant_id, Person.external_id == external_id)
    person = session.scalars(query).one_or_none()
    if person is None:
        raise NotFoundError(f"there is no person {external_id!r} in this marketplace")
    return person


def _standing_pair(session: Session, tenant_id: int, survivor: str, merged: str) -> tuple[Person, Person]:
    kept, gone = (find_person(session, tenant_id, name) for name in (survivor, merged))
    if kept.id == gone.id:
        problem = FieldProblem("/merged", "different", "choose two different persons")
        raise ConflictError("a person cannot be merged with itself", errors=[problem], code="same_person")
    for person in (kept, gone):
        if person.root_id is not None:
            raise ConflictError(
                f"person {person.external_id!r} is merged into another already; use that one, or take the merge back",
                code="already_merged",
            )
    return kept, gone


def _said(session: Session, tenant_id: int, persons: Sequence[int]) -> dict[int, dict[str, tuple[datetime, bool]]]:
    found: dict[int, dict[str, tuple[datetime, bool]]] = {}
    for row in session.execute(SAID, {"tenant": tenant_id, "persons": list(persons)}):
        found.setdefault(row.root, {})[row.purpose] = (row.occurred_at, row.granted)
    return found


def _side(session: Session, tenant_id: int, person: Person, said: dict[str, tuple[datetime, bool]]) -> Side:
    values: dict[str, Any] = {"tenant": tenant_id, "person": person.id, "persons": [person.id]}
    names = tuple(row.external_id for row in session.execute(MEMBERS, values))
    orders = {row.person_id: row.orders for row in session.execute(COUNT_ORDERS, values)}
    visitors = visitor_counts(session, tenant_id, [person.id])
    return Side(
        person.external_id,
        names,
        orders.get(person.id, 0),
        visitors.get(person.id, 0),
        {purpose: granted for purpose, (_, granted) in said.items()},
    )
