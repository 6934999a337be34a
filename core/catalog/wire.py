"""Rows of the catalogue as they go over the wire, set-based: references as external ids, money as texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.catalog.catalog_fields import Amount, Reference, References
from core.catalog.kinds import KINDS, Kind, Link, rows_of
from core.catalog.models import LiveEvent
from core.catalog.shop_rules import lines_of
from core.catalog.shop_schemas import ShopLines
from core.money import format_amount


def wires(session: Session, tenant_id: int, kind: Kind, rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """Id → wire form; a few statements however many rows."""
    if not rows:
        return {}
    names = {
        field: rows_of(to).external_ids(session, tenant_id, {getattr(row, field) for row in rows} - {None})
        for field, to in kind.references.items()
    }
    ids = [row.id for row in rows]
    linked = {link.field: links_of(session, tenant_id, kind, link, ids) for link in kind.links}
    currencies = _currencies(session, tenant_id, kind, rows)
    lines = lines_of(session, tenant_id, currencies) if kind.name == "shop-orders" else {}
    answer = {}
    for row in rows:
        form: dict[str, Any] = {}
        for name, field in kind.schema._declared_fields.items():  # noqa: SLF001 - marshmallow has no other way
            if isinstance(field, References):
                form[name] = linked[name].get(row.id, [])
            elif isinstance(field, ShopLines):
                form[name] = lines.get(row.id, [])
            elif isinstance(field, Reference):
                form[name] = names[name].get(getattr(row, name))
            else:
                form[name] = _plain(getattr(row, name), currencies[row.id] if isinstance(field, Amount) else None)
        answer[row.id] = form
    return answer


def links_of(session: Session, tenant_id: int, kind: Kind, link: Link, ids: Iterable[int]) -> dict[int, list[str]]:
    """Id of a row → external ids of what it lists, in order."""
    other = KINDS[kind.lists[link.field]].rows.model
    owner = getattr(link.model, link.owner)
    query = (
        select(owner.label("owner"), other.external_id)
        .join(other, other.id == getattr(link.model, link.other))
        .where(link.model.tenant_id == tenant_id, owner.in_(list(ids)))
        .order_by(owner, link.model.position, other.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for row in session.execute(query):
        found[row.owner].append(row.external_id)
    return found


def _currencies(session: Session, tenant_id: int, kind: Kind, rows: Sequence[Any]) -> dict[int, str]:
    if "currency" in kind.schema._declared_fields:  # noqa: SLF001 - as above
        return {row.id: row.currency for row in rows}
    if kind.name != "ticket-types":
        return {}
    known = live_event_currencies(session, tenant_id, {row.live_event_id for row in rows})
    return {row.id: known[row.live_event_id] for row in rows}


def live_event_currencies(session: Session, tenant_id: int, ids: Iterable[int]) -> dict[int, str]:
    """Id → currency of live events."""
    query = select(LiveEvent.id, LiveEvent.currency).where(LiveEvent.tenant_id == tenant_id, LiveEvent.id.in_(ids))
    return {row.id: row.currency for row in session.execute(query)}


def _plain(value: Any, currency: str | None) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format_amount(value, currency) if currency else float(value)
    return value
