"""Writing what persons like: whom they follow, and tastes from elsewhere, for as long as they agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import marshmallow as ma
from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.catalog.drafts import MAX_ROWS, Outcome, RowOutcome
from core.catalog.kinds import KINDS, PERSONS, rows_of
from core.catalog.live_event_rules import UNKNOWN
from core.catalog.taste_models import PersonFollow, PersonInterest
from core.catalog.taste_schemas import FollowRow, InterestRow
from core.db.session import tenant_session
from core.errors import FieldProblem, ForbiddenError, InvalidInputError
from core.validation import field_problems

DENIAL_KEPT = timedelta(days=30)
"""At least so long a denial is remembered, so that an older consent that is sent again does not revive the taste."""
KIND_OF = {kind.word: name for name, kind in KINDS.items()}
Key = tuple[Any, ...]


@dataclass(slots=True)
class _Taste:
    """One row on its way: ``key`` tells it from others of the person, ``values`` None forgets it."""

    index: int
    person: str = ""
    errors: tuple[FieldProblem, ...] = ()
    data: Mapping[str, Any] | None = None
    key: Key = ()
    values: dict[str, Any] | None = None
    outcome: Outcome = "unchanged"

    def refuse(self, pointer: str, rule: str, message: str) -> None:
        self.errors = (*self.errors, FieldProblem(pointer, rule, message))

    def as_outcome(self) -> RowOutcome:
        return RowOutcome(self.index, self.person or None, "rejected" if self.errors else self.outcome, self.errors)


def upsert_follows(actor: Actor, sent: Sequence[Any]) -> list[RowOutcome]:
    """Note up to 1,000 times who follows what, or no longer does; one outcome per row, named by the person.

    Raises `ForbiddenError` for whoever does not act for the marketplace, `InvalidInputError` for too many rows.
    """
    rows = _read(actor, sent, FollowRow())
    with tenant_session(actor.tenant_id) as session:
        persons = _persons(session, actor.tenant_id, rows)
        subjects = _subjects(session, actor.tenant_id, rows)
        for row in _right(rows):
            data = row.data or {}
            subject = subjects[data["subject_kind"]].get(data["subject_id"])
            if subject is None:
                row.refuse("/subject_id", "unknown", UNKNOWN[KIND_OF[data["subject_kind"]]])
                continue
            row.key = (persons[row.person], data["subject_kind"], subject)
            row.values = {"since": data["since"] or datetime.now(UTC)} if data["following"] else None
        columns = ("person_id", "subject_kind", "subject_id")
        # When it began matters only if it was said.
        _store(session, actor, PersonFollow, columns, rows, lambda row, _: bool((row.data or {})["since"]))
    return [row.as_outcome() for row in rows]


def upsert_interests(actor: Actor, sent: Sequence[Any]) -> list[RowOutcome]:
    """Note up to 1,000 tastes from elsewhere; one without consent may not be used any more. One outcome per row.

    The latest word of the person counts, whenever it arrives; of two of the same moment the one that denies. A denial
    is remembered until the taste would have ended, and for 30 days at least.

    Raises `ForbiddenError` for whoever does not act for the marketplace, `InvalidInputError` for too many rows.
    """
    rows = _read(actor, sent, InterestRow())
    now = datetime.now(UTC)
    with tenant_session(actor.tenant_id) as session:
        persons = _persons(session, actor.tenant_id, rows)
        for row in _right(rows):
            data = row.data or {}
            row.key = (persons[row.person], data["source"], data["subject_kind"], data["subject"])
            row.values = _word(data, now)
        columns = ("person_id", "source", "subject_kind", "subject")
        _store(session, actor, PersonInterest, columns, rows, _counts, _later)
    return [row.as_outcome() for row in rows]


def _word(data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    granted = data["consent"]["granted"]
    # A clock that is ahead must not make a word count more than those that follow it.
    said_at = min(data["consent"]["captured_at"], now)
    return {
        "weight": data["weight"] if granted else 0,
        "consent_granted": granted,
        "consented_at": said_at,
        "expires_at": data["expires_at"] if granted else max(data["expires_at"], said_at + DENIAL_KEPT),
    }


def _counts(row: _Taste, stored: PersonInterest) -> bool:
    """Whether a word is not older than what is stored; a denial is not kept shorter than what it denies."""
    values = row.values or {}
    if not values["consent_granted"]:
        values["expires_at"] = max(values["expires_at"], stored.expires_at)
    if values["consented_at"] == stored.consented_at:
        return stored.consent_granted or not values["consent_granted"]
    return bool(values["consented_at"] > stored.consented_at)


def _later(new: Any) -> ColumnElement[bool]:
    """`_counts` for a row that was written at the same moment."""
    stored = PersonInterest
    same = and_(new.consented_at == stored.consented_at, or_(stored.consent_granted, ~new.consent_granted))
    return or_(new.consented_at > stored.consented_at, same)


def _read(actor: Actor, sent: Sequence[Any], schema: ma.Schema) -> list[_Taste]:
    if actor.organizer_id is not None or "manage_catalog" not in actor.permissions:
        message = "only those who manage the marketplace's catalogue change what persons like"
        raise ForbiddenError(message, code="permission_missing")
    if not 1 <= len(sent) <= MAX_ROWS:
        problem = FieldProblem("/items", "length", f"send 1 to {MAX_ROWS} rows a call")
        raise InvalidInputError(f"{len(sent)} rows were sent", errors=[problem])
    rows = []
    for index, item in enumerate(sent):
        row = _Taste(index)
        if isinstance(item, FieldProblem):
            row.errors = (item,)
        elif not isinstance(item, dict):
            row.refuse("", "type", "send an object with the row's fields")
        else:
            try:
                row.data = schema.load(item)
                row.person = row.data["person_id"]
            except ma.ValidationError as exc:
                row.errors = tuple(field_problems(exc.messages))
        rows.append(row)
    return rows


def _right(rows: Sequence[_Taste]) -> list[_Taste]:
    return [row for row in rows if not row.errors]


def _persons(session: Session, tenant_id: int, rows: Sequence[_Taste]) -> dict[str, int]:
    found = PERSONS.ids(session, tenant_id, {row.person for row in _right(rows)})
    for row in _right(rows):
        if row.person not in found:
            row.refuse("/person_id", "unknown", UNKNOWN["persons"])
    return found


def _subjects(session: Session, tenant_id: int, rows: Sequence[_Taste]) -> dict[str, dict[str, int]]:
    wanted: dict[str, set[str]] = {}
    for row in _right(rows):
        data = row.data or {}
        wanted.setdefault(data["subject_kind"], set()).add(data["subject_id"])
    return {kind: rows_of(KIND_OF[kind]).ids(session, tenant_id, ids) for kind, ids in wanted.items()}


def _store(
    session: Session,
    actor: Actor,
    model: Any,
    columns: Sequence[str],
    rows: Sequence[_Taste],
    counts: Callable[[_Taste, Any], bool],
    later: Callable[[Any], ColumnElement[bool]] | None = None,
) -> None:
    """Write what differs; ``counts`` says whether a row's values are worth a change of what is stored.

    ``later`` says the same in SQL, of what somebody else stored meanwhile.
    """
    first: dict[Key, int] = {}
    for row in _right(rows):
        if first.setdefault(row.key, row.index) != row.index:
            row.refuse("", "unique", "the same was sent twice in one call; send it once")
    right = _right(rows)
    place = [getattr(model, name) for name in columns]
    query = select(model).where(model.tenant_id == actor.tenant_id, tuple_(*place).in_([row.key for row in right]))
    known = {tuple(getattr(item, name) for name in columns): item for item in session.scalars(query)} if right else {}
    gone: list[int] = []
    for row in right:
        stored = known.get(row.key)
        if row.values is None and stored is not None:
            gone.append(stored.id)
            row.outcome = "updated"
        elif row.values is not None and stored is None:
            row.outcome = "created"
        elif row.values is not None and stored is not None:
            worth = counts(row, stored)
            differs = any(getattr(stored, name) != value for name, value in row.values.items())
            row.outcome = "updated" if differs and worth else "unchanged"
    if gone:
        session.execute(delete(model).where(model.tenant_id == actor.tenant_id, model.id.in_(gone)))
    written = [row for row in right if row.values is not None and row.outcome != "unchanged"]
    if written:
        values = [
            {"tenant_id": actor.tenant_id, **dict(zip(columns, row.key, strict=True)), **(row.values or {})}
            for row in written
        ]
        statement = insert(model).values(values)
        changed = {name: statement.excluded[name] for name in written[0].values or {}}
        where = later(statement.excluded) if later else None
        statement = statement.on_conflict_do_update(index_elements=["tenant_id", *columns], set_=changed, where=where)
        session.execute(statement)
    counted = {name: sum(row.outcome == name for row in right) for name in ("created", "updated")}
    if any(counted.values()):
        record_audit(session, actor, "person.tastes", f"catalog:{model.__tablename__}", counted)
