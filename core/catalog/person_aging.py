"""Growing older: the age bands of persons whose birthday is known follow the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import structlog
from sqlalchemy import select, text

from core.accounts.api import tenant_ids, tenant_key
from core.catalog.person_fields import age_band
from core.catalog.person_models import Person, PersonTraits
from core.db.session import tenant_session
from core.security.crypto import DecryptionError

BATCH = 5_000
# Locked in the order of their rows, as everybody does who writes several.
SET = text("""
UPDATE person_traits t SET age_band = new.band
FROM (SELECT * FROM unnest(cast(:persons AS bigint[]), cast(:bands AS text[])) AS given(person_id, band)
      ORDER BY person_id) new
WHERE t.tenant_id = :tenant AND t.person_id = new.person_id
""")

log = structlog.get_logger(__name__)


def age_everybody(today: date | None = None) -> int:
    """Set the age band of everybody whose birthday moved them into another one; returns how many.

    Birthdays are sealed, so every one of them is opened: some ten microseconds each.
    """
    today = today or datetime.now(UTC).date()
    return sum(len(moved) for tenant_id in tenant_ids() for moved in _batches(tenant_id, today))


def _batches(tenant_id: int, today: date) -> Iterator[dict[int, str]]:
    after = 0
    while True:
        moved, last = _age(tenant_id, after, today)
        yield moved
        if last is None:
            return
        after = last


def _age(tenant_id: int, after: int, today: date) -> tuple[dict[int, str], int | None]:
    """Age the next persons; returns whom, and where to go on, None at the end."""
    key = tenant_key(tenant_id)
    query = (
        select(Person.id, Person.birthday_ciphertext, PersonTraits.age_band)
        .join(PersonTraits, (PersonTraits.tenant_id == Person.tenant_id) & (PersonTraits.person_id == Person.id))
        .where(Person.tenant_id == tenant_id, Person.id > after, Person.birthday_ciphertext.is_not(None))
        .order_by(Person.id)
        .limit(BATCH)
    )
    moved: dict[int, str] = {}
    with tenant_session(tenant_id) as session:
        rows = session.execute(query).all()
        for row in rows:
            try:
                born = date.fromisoformat(key.decrypt(row.birthday_ciphertext, "persons.birthday"))
            except (DecryptionError, ValueError):
                # One row that cannot be opened must not keep everybody else at their age.
                log.warning("a birthday cannot be read", tenant=tenant_id, person=row.id)
                continue
            band = age_band(born, today)
            if band != row.age_band:
                moved[row.id] = band
        if moved:
            session.execute(SET, {"tenant": tenant_id, "persons": list(moved), "bands": list(moved.values())})
    return moved, rows[-1].id if len(rows) == BATCH else None
