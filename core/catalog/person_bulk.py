"""Writing many persons by external id, with one outcome per row like every other kind of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.accounts.api import Actor, record_audit
from core.catalog.drafts import MAX_ROWS, Outcome, RowOutcome
from core.catalog.person_store import PersonOutcome, upsert_persons
from core.db.session import tenant_session
from core.errors import FieldProblem, ForbiddenError, InvalidInputError

OUTCOMES: Mapping[str, Outcome] = {"created": "created", "updated": "updated", "unchanged": "unchanged"}


def upsert_person_rows(actor: Actor, sent: Sequence[Any]) -> list[RowOutcome]:
    """Create or update up to 1,000 persons; what a row leaves out stays, its clear fields are encrypted at once.

    Raises `ForbiddenError` for whoever does not act for the marketplace, `InvalidInputError` for too many rows.
    """
    if actor.organizer_id is not None or "manage_catalog" not in actor.permissions:
        raise ForbiddenError(
            "only those who manage the marketplace's catalogue change persons", code="permission_missing"
        )
    if not 1 <= len(sent) <= MAX_ROWS:
        problem = FieldProblem("/items", "length", f"send 1 to {MAX_ROWS} rows a call")
        raise InvalidInputError(f"{len(sent)} rows were sent", errors=[problem])
    with tenant_session(actor.tenant_id) as session:
        readable = [item for item in sent if not isinstance(item, FieldProblem)]
        found = iter(upsert_persons(session, actor.tenant_id, readable))
        outcomes = [_outcome(index, item, found) for index, item in enumerate(sent)]
        counts = {name: sum(item.outcome == name for item in outcomes) for name in ("created", "updated")}
        if any(counts.values()):
            record_audit(session, actor, "person.upserted", "catalog:persons", dict(counts))
    return outcomes


def _outcome(index: int, sent: Any, found: Any) -> RowOutcome:
    if isinstance(sent, FieldProblem):
        return RowOutcome(index, None, "rejected", (sent,))
    item: PersonOutcome = next(found)
    if item.status == "refused":
        return RowOutcome(index, item.external_id, "rejected", tuple(item.errors))
    return RowOutcome(index, item.external_id, OUTCOMES[item.status])
