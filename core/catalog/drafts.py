"""Rows on their way into the catalogue: what was sent, what was stored, what is wrong, what will be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import marshmallow as ma

from adrail import phrase
from core.accounts.api import Actor
from core.catalog.kinds import Kind
from core.errors import FieldProblem, ForbiddenError
from core.validation import field_problems

Outcome = Literal["created", "updated", "unchanged", "rejected"]
MAX_ROWS = 1_000
MAX_ID = 128


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row; ``errors`` point into the row."""

    index: int
    external_id: str | None
    outcome: Outcome
    errors: tuple[FieldProblem, ...] = ()


@dataclass(slots=True)
class Draft:
    """One row. ``row`` and ``known`` are what is stored, ``data`` what shall be, ``columns`` how it is written."""

    index: int
    external_id: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)
    errors: list[FieldProblem] = field(default_factory=list)
    row: Any = None
    known: Mapping[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    id: int | None = None
    written: bool = False

    def refuse(self, pointer: str, rule: str, message: str) -> None:
        """Note a problem; the row will not be written."""
        self.errors.append(FieldProblem(pointer, rule, message))

    @property
    def outcome(self) -> RowOutcome:
        """What became of the row."""
        if self.errors:
            return RowOutcome(self.index, self.external_id or None, "rejected", tuple(self.errors))
        changed: Outcome = "created" if self.row is None else "updated"
        return RowOutcome(self.index, self.external_id, changed if self.written else "unchanged")


def read_drafts(sent: Sequence[Any]) -> list[Draft]:
    """Make drafts of what was sent; what has no usable id of its own is refused. A `FieldProblem` refuses its row."""
    drafts = [_read(index, item) for index, item in enumerate(sent)]
    first: dict[str, int] = {}
    for draft in drafts:
        if not draft.errors and first.setdefault(draft.external_id, draft.index) != draft.index:
            draft.refuse(
                "/external_id",
                "unique",
                phrase("row %(value)s has this id already; send it once", value=first[draft.external_id]),
            )
    return drafts


def _read(index: int, item: Any) -> Draft:
    draft = Draft(index)
    if isinstance(item, FieldProblem):
        draft.errors.append(item)
    elif not isinstance(item, dict):
        draft.refuse("", "type", phrase("send an object with the row's fields"))
    else:
        draft.sent = item
        given = item.get("external_id")
        if isinstance(given, str) and 1 <= len(given.strip()) <= MAX_ID:
            draft.external_id = given.strip()
        else:
            draft.refuse(
                "/external_id",
                "required",
                phrase("send the row's own id, a text of 1 to %(most)s characters", most=MAX_ID),
            )
    return draft


def load_drafts(kind: Kind, drafts: Sequence[Draft]) -> None:
    """Validate what each row would become: its stored fields, with the sent ones in their place."""
    schema = kind.schema()
    for draft in drafts:
        try:
            draft.data = schema.load({**draft.known, **draft.sent})
        except ma.ValidationError as exc:
            draft.errors.extend(field_problems(exc.messages))


def require_writer(actor: Actor, kind: Kind) -> None:
    """Raise `ForbiddenError` unless the actor may change rows of a kind: the marketplace all, organisers their own."""
    if actor.organizer_id is None and "manage_catalog" in actor.permissions:
        return
    if not kind.shared and actor.organizer_id is not None and "create_events" in actor.permissions:
        return
    what = kind.name.replace("-", " ")
    raise ForbiddenError(f"only those who manage the marketplace's catalogue change {what}", code="permission_missing")


def may_write(actor: Actor, kind: Kind) -> bool:
    """Whether the actor may change rows of a kind."""
    try:
        require_writer(actor, kind)
    except ForbiddenError:
        return False
    return True
