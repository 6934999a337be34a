"""Writing rows of the catalogue by external id: many at once, with one outcome per row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.catalog.catalog_fields import References
from core.catalog.drafts import MAX_ROWS, Draft, RowOutcome, load_drafts, read_drafts, require_writer
from core.catalog.kinds import KINDS, Kind, Link, rows_of
from core.catalog.lists import visible
from core.catalog.live_event_rules import (
    FOREIGN,
    UNKNOWN,
    check_live_events,
    check_slugs,
    check_ticket_types,
    follow_prices,
)
from core.catalog.shop_rules import check_products, check_shop_orders, check_ticket_links, write_lines
from core.catalog.shop_schemas import ShopLines
from core.catalog.status_changes import NewChange, record_changes
from core.catalog.wire import wires
from core.db.external_rows import insert_set
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.events.api import emit_config_change

# A change of these shows in the configuration of tracking on pages.
ON_PAGES = frozenset({"organizer_id", "slug"})
SHOWN_ON_PAGES = frozenset({"organizers", "live-events"})
CHECKS: Mapping[str, Callable[[Session, Actor, Sequence[Draft]], None]] = {
    "live-events": check_live_events,
    "ticket-types": check_ticket_types,
    "ticket-links": check_ticket_links,
    "products": check_products,
    "shop-orders": check_shop_orders,
}
"""What holds beyond the fields of a row, by kind."""


def upsert_rows(actor: Actor, kind: Kind, sent: Sequence[Any]) -> list[RowOutcome]:
    """Create or update up to 1,000 rows; fields that are left out of an existing row stay as they are.

    A row that cannot be taken is rejected with what is wrong, the others are written. Raises `ForbiddenError`,
    `InvalidInputError` for too many rows, and `ConflictError` when somebody else took a slug at this very moment.
    """
    require_writer(actor, kind)
    if not 1 <= len(sent) <= MAX_ROWS:
        problem = FieldProblem("/items", "length", f"send 1 to {MAX_ROWS} rows a call")
        raise InvalidInputError(f"{len(sent)} rows were sent", errors=[problem])
    drafts = read_drafts(sent)
    try:
        with tenant_session(actor.tenant_id) as session:
            take(session, actor, kind, drafts)
            _audit(session, actor, kind, drafts)
    except IntegrityError as exc:
        raise ConflictError("somebody else changed the same rows at this moment; send them again") from exc
    return [draft.outcome for draft in drafts]


def take(session: Session, actor: Actor, kind: Kind, drafts: Sequence[Draft], reason: str = "") -> None:
    """Check drafts and write those that are right, in the caller's transaction; ``reason`` is for changes of status."""
    kind.rows.lock(session, actor.tenant_id)
    _prepare(session, actor, kind, [draft for draft in drafts if not draft.errors])
    _check(session, actor, kind, [draft for draft in drafts if not draft.errors])
    changed = [draft for draft in drafts if not draft.errors and _differs(draft)]
    _write(session, actor, kind, changed, reason)


def _prepare(session: Session, actor: Actor, kind: Kind, drafts: Sequence[Draft]) -> None:
    """Find what is stored, and put what was sent over it; nothing of what belongs to others is looked at."""
    rows = kind.rows.find(session, actor.tenant_id, [draft.external_id for draft in drafts], lock=True)
    own = _own(session, actor, kind, [row.id for row in rows.values()])
    known = wires(session, actor.tenant_id, kind, [row for row in rows.values() if row.id in own])
    for draft in drafts:
        draft.row = rows.get(draft.external_id)
        if draft.row is not None and draft.row.id not in own:
            draft.refuse("/external_id", "foreign", FOREIGN)
        elif draft.row is not None:
            draft.known = known[draft.row.id]
    load_drafts(kind, [draft for draft in drafts if not draft.errors])


def _own(session: Session, actor: Actor, kind: Kind, ids: Sequence[int]) -> set[int]:
    """Which of these rows an actor may change."""
    if actor.organizer_id is None or not ids:
        return set(ids)
    model = kind.rows.model
    return set(session.scalars(visible(actor, kind).with_only_columns(model.id).where(model.id.in_(ids))))


def _check(session: Session, actor: Actor, kind: Kind, drafts: Sequence[Draft]) -> None:
    declared = kind.schema._declared_fields  # noqa: SLF001 - how marshmallow tells what a class declares
    ids = _referenced(session, actor.tenant_id, kind, drafts)
    for draft in drafts:
        for name, field in declared.items():
            if name in kind.references:
                _resolve(draft, name, draft.data[name], ids[kind.references[name]], kind.references[name])
            elif isinstance(field, References):
                _check_list(draft, name, ids[field.to], field.to)
            elif not isinstance(field, ShopLines):
                draft.columns[name] = draft.data[name]
    if kind.name in CHECKS:
        CHECKS[kind.name](session, actor, [draft for draft in drafts if not draft.errors])
    if "slug" in declared:
        check_slugs(session, actor.tenant_id, kind, [draft for draft in drafts if not draft.errors])


def _referenced(session: Session, tenant_id: int, kind: Kind, drafts: Sequence[Draft]) -> dict[str, dict[str, int]]:
    """Kind → external id → id, for everything that the rows refer to."""
    wanted: dict[str, set[str]] = {}
    for name, to in kind.references.items():
        wanted.setdefault(to, set()).update(draft.data[name] for draft in drafts if draft.data[name] is not None)
    for name, to in kind.lists.items():
        for draft in drafts:
            wanted.setdefault(to, set()).update(draft.data[name])
    return {to: rows_of(to).ids(session, tenant_id, found) for to, found in wanted.items()}


def _resolve(draft: Draft, name: str, given: str | None, ids: dict[str, int], to: str) -> None:
    if given is not None and given not in ids:
        draft.refuse(f"/{name}", "unknown", UNKNOWN[to])
    else:
        draft.columns[name] = None if given is None else ids[given]


def _check_list(draft: Draft, name: str, ids: dict[str, int], to: str) -> None:
    for position, given in enumerate(draft.data[name]):
        if given not in ids:
            draft.refuse(f"/{name}/{position}", "unknown", UNKNOWN[to])


def _differs(draft: Draft) -> bool:
    if draft.row is None:
        return True
    if any(getattr(draft.row, name) != value for name, value in draft.columns.items()):
        return True
    return any(draft.data[name] != known for name, known in draft.known.items() if isinstance(known, list))


def _write(session: Session, actor: Actor, kind: Kind, drafts: Sequence[Draft], reason: str) -> None:
    if not drafts:
        return
    ids = kind.rows.write(session, actor.tenant_id, [draft.columns for draft in drafts])
    for draft in drafts:
        draft.id, draft.written = ids[draft.external_id], True
    for link in kind.links:
        _write_links(session, actor.tenant_id, kind, link, drafts)
    if kind.name == "live-events":
        record_changes(session, [_change(actor, draft, reason) for draft in drafts if _new_status(draft)])
    elif kind.name == "shop-orders":
        write_lines(session, actor.tenant_id, drafts)
    elif kind.name == "ticket-types":
        touched = {draft.columns["live_event_id"] for draft in drafts}
        touched |= {draft.row.live_event_id for draft in drafts if draft.row is not None}
        follow_prices(session, actor.tenant_id, touched)
    if kind.name in SHOWN_ON_PAGES and any(_on_pages(draft) for draft in drafts):
        emit_config_change(session, actor.tenant_id)


def _write_links(session: Session, tenant_id: int, kind: Kind, link: Link, drafts: Sequence[Draft]) -> None:
    changed = [draft for draft in drafts if draft.data[link.field] != draft.known.get(link.field, [])]
    if not changed:
        return
    owner = getattr(link.model, link.owner)
    stored = [draft.id for draft in changed if draft.row is not None]
    if stored:
        session.execute(delete(link.model).where(link.model.tenant_id == tenant_id, owner.in_(stored)))
    ids = KINDS[kind.lists[link.field]].rows.ids(
        session, tenant_id, {given for draft in changed for given in draft.data[link.field]}
    )
    rows = [
        {"tenant_id": tenant_id, link.owner: draft.id, link.other: ids[given], "position": position}
        for draft in changed
        for position, given in enumerate(draft.data[link.field])
    ]
    insert_set(session, link.model, rows)


def _new_status(draft: Draft) -> bool:
    return draft.row is None or draft.known["status"] != draft.data["status"]


def _change(actor: Actor, draft: Draft, reason: str) -> NewChange:
    before = draft.known["status"] if draft.row is not None else None
    return NewChange(actor.tenant_id, draft.id or 0, before, draft.data["status"], reason, actor.label)


def _on_pages(draft: Draft) -> bool:
    if not ON_PAGES & draft.columns.keys():
        return False
    return draft.row is None or any(
        getattr(draft.row, name) != draft.columns[name] for name in ON_PAGES & draft.columns.keys()
    )


def _audit(session: Session, actor: Actor, kind: Kind, drafts: Sequence[Draft]) -> None:
    """One entry a call: the chain of the audit log is written by one transaction at a time."""
    counts = {name: sum(draft.outcome.outcome == name for draft in drafts) for name in ("created", "updated")}
    if any(counts.values()):
        ids = [draft.external_id for draft in drafts if draft.written]
        detail = {**counts, "first": ids[0], "last": ids[-1]}
        record_audit(session, actor, f"{kind.word}.upserted", f"catalog:{kind.name}", detail)
