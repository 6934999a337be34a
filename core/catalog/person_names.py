"""The rows that are one person: whoever was merged, and who stands for them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, or_, select

from core.catalog.person_models import Person


def names_of_person(tenant_id: int, external_id: str) -> Select[Any]:
    """Select the ids of all rows that are the same person as the one with this external id."""
    root = (
        select(func.coalesce(Person.root_id, Person.id))
        .where(Person.tenant_id == tenant_id, Person.external_id == external_id)
        .scalar_subquery()
    )
    return select(Person.id).where(Person.tenant_id == tenant_id, or_(Person.id == root, Person.root_id == root))
