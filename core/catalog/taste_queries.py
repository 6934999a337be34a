"""Reading what persons like, and forgetting what is over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, tuple_
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.catalog.kinds import PERSONS, rows_of
from core.catalog.person_merging import demand_whole_marketplace
from core.catalog.person_names import names_of_person
from core.catalog.taste_models import PersonFollow, PersonInterest
from core.catalog.taste_schemas import FOLLOWED
from core.catalog.tastes import KIND_OF
from core.db.session import maintainer_session, tenant_session
from core.paging import Page, clamp, decode_cursor, encode_cursor

FORGOTTEN_AT_ONCE = 10_000


def list_follows(
    actor: Actor,
    *,
    person_id: str | None = None,
    subject_kind: str | None = None,
    subject_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[dict[str, Any]]:
    """Who follows what, the latest first; a person counts under every name they stand for.

    Raises `ForbiddenError` for staff of one organiser, `InvalidInputError` for a cursor of another list.
    """
    demand_whole_marketplace(actor)
    with tenant_session(actor.tenant_id) as session:
        query = _of(PersonFollow, actor.tenant_id, person_id, subject_kind)
        if subject_id is not None:
            kinds = [subject_kind] if subject_kind in KIND_OF else list(FOLLOWED)
            found = {kind: rows_of(KIND_OF[kind]).ids(session, actor.tenant_id, [subject_id]) for kind in kinds}
            places = [(kind, ids[subject_id]) for kind, ids in found.items() if subject_id in ids]
            query = query.where(tuple_(PersonFollow.subject_kind, PersonFollow.subject_id).in_(places))
        page = _page(session, PersonFollow, query, limit, cursor)
        names = {
            kind: rows_of(KIND_OF[kind]).external_ids(
                session, actor.tenant_id, {item.subject_id for item, _ in page.items if item.subject_kind == kind}
            )
            for kind in {item.subject_kind for item, _ in page.items}
        }
        items = [
            {
                "person_id": person,
                "subject_kind": item.subject_kind,
                "subject_id": names[item.subject_kind].get(item.subject_id),
                "since": item.since,
            }
            for item, person in page.items
        ]
    return Page(items, page.next_cursor)


def list_interests(
    actor: Actor,
    *,
    person_id: str | None = None,
    subject_kind: str | None = None,
    subject: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[dict[str, Any]]:
    """Tastes that may be used now, the latest first; raises what `list_follows` does."""
    demand_whole_marketplace(actor)
    with tenant_session(actor.tenant_id) as session:
        query = _of(PersonInterest, actor.tenant_id, person_id, subject_kind).where(
            PersonInterest.consent_granted, PersonInterest.expires_at > func.now()
        )
        if subject is not None:
            query = query.where(PersonInterest.subject == subject)
        page = _page(session, PersonInterest, query, limit, cursor)
        items = [
            {
                "person_id": person,
                **{
                    name: getattr(item, name)
                    for name in ("source", "subject_kind", "subject", "weight", "consented_at", "expires_at")
                },
            }
            for item, person in page.items
        ]
    return Page(items, page.next_cursor)


def _of(model: Any, tenant_id: int, person_id: str | None, subject_kind: str | None) -> Select[Any]:
    person = PERSONS.model
    conditions: list[ColumnElement[bool]] = [model.tenant_id == tenant_id]
    if person_id is not None:
        conditions.append(model.person_id.in_(names_of_person(tenant_id, person_id)))
    if subject_kind is not None:
        conditions.append(model.subject_kind == subject_kind)
    return select(model, person.external_id).join(person, person.id == model.person_id).where(*conditions)


def _page(session: Session, model: Any, query: Select[Any], limit: int, cursor: str | None) -> Page[Any]:
    if before := decode_cursor(cursor, int):
        query = query.where(model.id < before[0])
    size = clamp(limit)
    found = session.execute(query.order_by(model.id.desc()).limit(size + 1)).all()
    return Page(list(found[:size]), encode_cursor(found[size - 1][0].id) if len(found) > size else None)


def forget_expired(now: datetime | None = None) -> int:
    """Delete tastes that are over, of every marketplace; returns how many."""
    now = now or datetime.now(UTC)
    forgotten = 0
    while True:
        batch = select(PersonInterest.id).where(PersonInterest.expires_at <= now).limit(FORGOTTEN_AT_ONCE)
        with maintainer_session() as session:
            statement = delete(PersonInterest).where(PersonInterest.id.in_(batch)).returning(PersonInterest.id)
            gone = len(session.scalars(statement).all())
        forgotten += gone
        if gone < FORGOTTEN_AT_ONCE:
            return forgotten
