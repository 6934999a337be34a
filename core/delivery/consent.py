"""May it still be sent? The consent ledger is read again when a delivery is about to leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from core.catalog.api import all_names_of
from core.delivery.models import Delivery
from core.events.api import linked_persons
from core.privacy.api import denied_after

EVER = datetime(1970, 1, 1, tzinfo=UTC)
KNOWN = "data_processing"
"""The purpose under which a visitor was tied to a person."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the ledger says at ``checked_at``; ``ledger_id`` is the row that decided, None when it holds none.

    ``nameless``: it may leave, but no longer say who the person was.
    """

    purpose: str
    denied: bool
    ledger_id: int | None
    captured_at: datetime | None
    checked_at: datetime
    nameless: bool = False

    def as_receipt(self) -> dict[str, Any]:
        """Return what is kept with the delivery as proof."""
        return {
            "purpose": self.purpose,
            "granted": not self.denied,
            "ledger_id": self.ledger_id,
            "captured_at": self.captured_at.isoformat() if self.captured_at else None,
            "checked_at": self.checked_at.isoformat(),
        }


def check(session: Session, tenant_id: int, rows: Sequence[Delivery], now: datetime) -> dict[int, Checked]:
    """Return the answer for every delivery, by id, with a fixed number of statements.

    A delivery is denied when its visitor, its own person or any person linked to the visitor now said no after the
    snapshot that came with the event, and that no still stands.
    """
    subjects = _subjects(session, tenant_id, rows)
    # Two questions each: what was said since the snapshot decides, what was said last at all is the proof.
    asked = [
        (row.id, kind, subject, row.purpose, after)
        for row in rows
        for kind, subject in subjects[row.id]
        for after in (said_at(row), EVER)
    ]
    answers = denied_after(session, tenant_id, [question[1:] for question in asked])
    nameless = _nameless(session, tenant_id, rows, subjects)
    checked = {row.id: Checked(row.purpose, False, None, captured_at(row), now, row.id in nameless) for row in rows}
    for position, (delivery_id, _, _, _, after) in enumerate(asked):
        if position not in answers or checked[delivery_id].denied:
            continue
        denied, ledger_id = answers[position]
        before = checked[delivery_id]
        if denied and after != EVER:
            checked[delivery_id] = replace(before, denied=True, ledger_id=ledger_id)
        elif not denied and before.ledger_id is None:
            checked[delivery_id] = replace(before, ledger_id=ledger_id)
    return checked


def _nameless(
    session: Session, tenant_id: int, rows: Sequence[Delivery], subjects: Mapping[int, list[tuple[str, str]]]
) -> set[int]:
    asked = [(row.id, (kind, subject, KNOWN, said_at(row))) for row in rows for kind, subject in subjects[row.id]]
    answers = denied_after(session, tenant_id, [question for _, question in asked])
    return {asked[position][0] for position, (denied, _) in answers.items() if denied}


def captured_at(row: Delivery) -> datetime | None:
    """Return when the snapshot that came with the event was taken, as far as it says."""
    try:
        stated = datetime.fromisoformat(str(row.consent.get("captured_at")))
    except ValueError:
        return None
    return stated if stated.tzinfo else None


def said_at(row: Delivery) -> datetime:
    """Return the moment after which a denial counts as later.

    The visitor's clock may run ahead; what we received by then we know without it.
    """
    return min(captured_at(row) or row.occurred_at, row.received_at)


def _subjects(session: Session, tenant_id: int, rows: Sequence[Delivery]) -> dict[int, list[tuple[str, str]]]:
    visitors = {row.visitor_id for row in rows if row.visitor_id}
    linked = linked_persons(session, tenant_id, visitors) if visitors else {}
    persons = {
        row.id: {*linked.get(row.visitor_id or "", ()), *([row.person_id] if row.person_id else [])} for row in rows
    }
    names = all_names_of(session, tenant_id, sorted(set().union(*persons.values())))
    return {
        row.id: ([("visitor", row.visitor_id)] if row.visitor_id else [])
        + [("person", name) for person in sorted(persons[row.id]) for name in names.get(person, ())]
        for row in rows
    }
