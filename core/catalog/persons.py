"""Persons: writing them encrypted, finding them by blind index, opening identifiers for a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from adrail import RawIdentifier
from core.accounts.api import tenant_key
from core.catalog.person_models import Person, PersonTraits
from core.catalog.person_store import Written, stay_clear_of_merges, write_persons
from core.events.api import forget_archived

OPENED = ("email", "phone", "first_name", "last_name")


@dataclass(frozen=True, slots=True)
class PersonIdentifiers:
    """A person's identifiers in clear, in memory only."""

    external_id: str
    email: RawIdentifier | None
    phone: RawIdentifier | None
    first_name: RawIdentifier | None
    last_name: RawIdentifier | None
    city: str | None
    country: str | None


def upsert_person(session: Session, tenant_id: int, data: Mapping[str, Any]) -> Written:
    """Insert or update one valid person by external id; fields that are None leave what is known."""
    known = {name: value for name, value in data.items() if value is not None}
    return write_persons(session, tenant_id, [known])[data["external_id"]]


def person_identifiers(session: Session, tenant_id: int, person_ids: Sequence[int]) -> dict[int, PersonIdentifiers]:
    """Open the identifiers of persons, by id; unknown ids are missing from the answer."""
    if not person_ids:
        return {}
    key = tenant_key(tenant_id)
    rows = session.execute(
        select(Person, PersonTraits.city, PersonTraits.country)
        .outerjoin(PersonTraits, (PersonTraits.tenant_id == tenant_id) & (PersonTraits.person_id == Person.id))
        .where(Person.tenant_id == tenant_id, Person.id.in_(set(person_ids)))
    )
    opened = {}
    for row, city, country in rows:
        clear = {
            name: RawIdentifier(key.decrypt(sealed, f"persons.{name}"))
            for name in OPENED
            if (sealed := getattr(row, f"{name}_ciphertext")) is not None
        }
        opened[row.id] = PersonIdentifiers(
            row.external_id,
            clear.get("email"),
            clear.get("phone"),
            clear.get("first_name"),
            clear.get("last_name"),
            city,
            country,
        )
    return opened


def person_ids_by_external(session: Session, tenant_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    """External id → id of who stands for that person now, for the persons that exist.

    Until the caller's transaction ends nobody is merged, so that what it writes cannot name somebody merged away.
    """
    if not external_ids:
        return {}
    stay_clear_of_merges(session, tenant_id)
    rows = session.execute(
        select(Person.external_id, func.coalesce(Person.root_id, Person.id).label("id")).where(
            Person.tenant_id == tenant_id, Person.external_id.in_(set(external_ids))
        )
    )
    return {row.external_id: row.id for row in rows}


def external_ids_of(session: Session, tenant_id: int, person_ids: Sequence[int]) -> dict[int, str]:
    """Id → external id."""
    if not person_ids:
        return {}
    rows = session.execute(
        select(Person.id, Person.external_id).where(Person.tenant_id == tenant_id, Person.id.in_(set(person_ids)))
    )
    return {row.id: row.external_id for row in rows}


def all_names_of(session: Session, tenant_id: int, person_ids: Sequence[int]) -> dict[int, list[str]]:
    """Id → every external id of that person, those of persons merged with it included."""
    if not person_ids:
        return {}
    asked, member = aliased(Person), aliased(Person)
    root = func.coalesce(asked.root_id, asked.id)
    rows = session.execute(
        select(asked.id, member.external_id)
        .join(member, (member.tenant_id == tenant_id) & ((member.id == root) | (member.root_id == root)))
        .where(asked.tenant_id == tenant_id, asked.id.in_(set(person_ids)))
        .order_by(asked.id, member.id)
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row.external_id)
    return found


def forget_in_archive(
    session: Session, tenant_id: int, *, persons: Sequence[int], visitors: Sequence[str], sessions: Sequence[str]
) -> None:
    """Let nobody find these persons (ids), visitors and visits in the archive any more; its files stay as they are.

    Call it for everybody who is erased, in the transaction that erases them.
    """
    ours = (Person.tenant_id == tenant_id, Person.id.in_(set(persons)))
    session.execute(update(Person).where(*ours).values(person_ref=func.gen_random_uuid()))
    forget_archived(session, tenant_id, visitors=visitors, sessions=sessions)
