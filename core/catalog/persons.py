"""Persons: writing them encrypted, finding them by blind index, opening identifiers for a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from adrail import RawIdentifier
from core.accounts.api import tenant_key
from core.catalog.models import Person
from core.security.crypto import DataKey

ENCRYPTED = ("email", "phone", "first_name", "last_name")
INDEXED = ("email", "phone")


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


def upsert_person(session: Session, tenant_id: int, data: dict[str, Any]) -> int:
    """Insert or update one person by external id; fields that are None leave what is known. Returns the id."""
    values: dict[str, Any] = {"city": data.get("city"), "country": data.get("country")}
    values.update(encrypted_columns(tenant_key(tenant_id), data))
    known = {name: value for name, value in values.items() if value is not None}
    statement = insert(Person).values(tenant_id=tenant_id, external_id=data["external_id"], **known)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "external_id"], set_=known or {"external_id": data["external_id"]}
    )
    return session.execute(statement.returning(Person.id)).scalar_one()


def encrypted_columns(key: DataKey, data: dict[str, Any]) -> dict[str, Any]:
    """Ciphertext and blind-index columns of one person's clear fields; None for what is not given."""
    values: dict[str, Any] = {}
    for name in ENCRYPTED:
        clear = data.get(name)
        values[f"{name}_ciphertext"] = key.encrypt(clear, f"persons.{name}") if clear else None
    for name in INDEXED:
        clear = data.get(name)
        values[f"{name}_index"] = key.blind_index(f"persons.{name}", _normal(name, clear)) if clear else None
    return values


def _normal(name: str, clear: str) -> str:
    if name == "email":
        return clear.strip().casefold()
    return "".join(character for character in clear if character.isdigit())


def person_identifiers(session: Session, tenant_id: int, person_ids: Sequence[int]) -> dict[int, PersonIdentifiers]:
    """Open the identifiers of persons, by id; unknown ids are missing from the answer."""
    if not person_ids:
        return {}
    key = tenant_key(tenant_id)
    rows = session.scalars(select(Person).where(Person.tenant_id == tenant_id, Person.id.in_(set(person_ids))))
    opened = {}
    for row in rows:
        clear = {
            name: RawIdentifier(key.decrypt(sealed, f"persons.{name}"))
            for name in ENCRYPTED
            if (sealed := getattr(row, f"{name}_ciphertext")) is not None
        }
        opened[row.id] = PersonIdentifiers(
            row.external_id,
            clear.get("email"),
            clear.get("phone"),
            clear.get("first_name"),
            clear.get("last_name"),
            row.city,
            row.country,
        )
    return opened


def person_ids_by_external(session: Session, tenant_id: int, external_ids: Sequence[str]) -> dict[str, int]:
    """External id → id for the persons that exist."""
    if not external_ids:
        return {}
    rows = session.execute(
        select(Person.external_id, Person.id).where(
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
