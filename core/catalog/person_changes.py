"""Compares what is said of persons with what is stored of them, so that what changes nothing is not written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalog.person_fields import ENCRYPTED, TRAITS
from core.security.crypto import DataKey

GIVEN = "SELECT unnest(cast(:names AS text[])) AS external_id"
# One look-up a name: a join whose plan is made for a marketplace of a few persons, and used on one of a million, does
# not end.
STORED = f"""
SELECT p.*, {", ".join(f"t.{name}" for name in TRAITS)}
FROM ({{source}}) n CROSS JOIN LATERAL (
  SELECT external_id, id, coalesce(root_id, id) AS person_id, {", ".join(f"{name}_ciphertext" for name in ENCRYPTED)}
  FROM persons WHERE tenant_id = :tenant AND external_id = n.external_id LIMIT 1) p
LEFT JOIN LATERAL (
  SELECT {", ".join(TRAITS)} FROM person_traits WHERE tenant_id = :tenant AND person_id = p.id LIMIT 1) t ON true
"""  # noqa: S608 - column names are constants of this module


def stored_persons(session: Session, tenant_id: int, names: Sequence[str]) -> dict[str, Any]:
    """The rows of those who are stored, by external id; their clear fields are still encrypted."""
    found = session.execute(text(STORED.format(source=GIVEN)), {"tenant": tenant_id, "names": list(names)})
    return {row.external_id: row for row in found}


def changes_nothing(key: DataKey, said: Mapping[str, Any], stored: Any) -> bool:
    """Whether everything said of a person is stored already; what is not said stays as it is anyway."""
    return all(getattr(stored, name) == said[name] for name in TRAITS if said.get(name)) and all(
        _same(key, name, said[name], getattr(stored, f"{name}_ciphertext")) for name in ENCRYPTED if said.get(name)
    )


def _same(key: DataKey, name: str, clear: str, sealed: bytes | None) -> bool:
    return sealed is not None and key.decrypt(sealed, f"persons.{name}") == clear
