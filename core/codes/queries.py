"""Reading tracking codes as people see them: scoped lists, one code, one row for a change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.codes.fields import public_id_name
from core.codes.models import TrackingCode
from core.codes.neighbours import LIVE_EVENTS, ORGANIZERS
from core.codes.schema import plugin_values
from core.codes.views import CodeView
from core.connections.api import ConnectionView
from core.connections.api import views as connection_views
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.registry import UnknownPlatformError, registry


def list_codes(
    actor: Actor,
    *,
    provider: str | None = None,
    live_event_id: str | None = None,
    enabled: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CodeView]:
    """Return the actor's codes, newest first: an organiser's own, or the whole marketplace's.

    ``live_event_id`` is an external id and finds the codes set on that live event itself.
    """
    query = _own(actor).order_by(TrackingCode.id.desc())
    if provider is not None:
        query = query.where(TrackingCode.provider == provider)
    if live_event_id is not None:
        query = query.where(LIVE_EVENTS.c.external_id == live_event_id)
    if enabled is not None:
        query = query.where(TrackingCode.enabled == enabled)
    before = decode_cursor(cursor, int)
    if before:
        query = query.where(TrackingCode.id < before[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.execute(query.limit(size + 1)).all()
        items = _views(session, rows[:size])
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def get_code(actor: Actor, code_id: int) -> CodeView:
    """Return one code; raises `NotFoundError` when it does not exist or is not the actor's."""
    with tenant_session(actor.tenant_id) as session:
        return load_code(session, actor, code_id)


def load_code(session: Session, actor: Actor, code_id: int) -> CodeView:
    """`get_code` inside the caller's transaction."""
    views = _views(session, session.execute(_own(actor).where(TrackingCode.id == code_id)).all())
    if not views:
        raise not_found(code_id)
    return views[0]


def locked(session: Session, actor: Actor, code_id: int) -> TrackingCode:
    """Return the actor's code, locked until the transaction ends; raises `NotFoundError`."""
    query = select(TrackingCode).where(TrackingCode.id == code_id).with_for_update()
    if actor.organizer_id is not None:
        query = query.where(TrackingCode.organizer_id == actor.organizer_id)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise not_found(code_id)
    return row


def not_found(code_id: int) -> NotFoundError:
    """The same answer for a code that does not exist and for one of somebody else."""
    return NotFoundError(f"there is no tracking code {code_id}, or it is not yours")


def _own(actor: Actor) -> Select[Any]:
    query = (
        select(
            TrackingCode,
            ORGANIZERS.c.external_id.label("organizer_external_id"),
            ORGANIZERS.c.name.label("organizer_name"),
            LIVE_EVENTS.c.external_id.label("live_event_external_id"),
            LIVE_EVENTS.c.title.label("live_event_title"),
        )
        .outerjoin(ORGANIZERS, ORGANIZERS.c.id == TrackingCode.organizer_id)
        .outerjoin(LIVE_EVENTS, LIVE_EVENTS.c.id == TrackingCode.live_event_id)
        .where(TrackingCode.tenant_id == actor.tenant_id)
    )
    if actor.organizer_id is not None:
        query = query.where(TrackingCode.organizer_id == actor.organizer_id)
    return query


def _views(session: Session, rows: Collection[Any]) -> list[CodeView]:
    ids = [row.TrackingCode.connection_id for row in rows if row.TrackingCode.connection_id is not None]
    connections = connection_views(session, ids)
    return [_view(row, connections.get(row.TrackingCode.connection_id)) for row in rows]


def _view(row: Any, connection: ConnectionView | None) -> CodeView:
    code: TrackingCode = row.TrackingCode
    return CodeView(
        id=code.id,
        provider=code.provider,
        public_id=code.public_id,
        enabled=code.enabled,
        level=code.level,
        organizer_id=code.organizer_id,
        organizer_external_id=row.organizer_external_id,
        organizer_name=row.organizer_name,
        live_event_id=code.live_event_id,
        live_event_external_id=row.live_event_external_id,
        live_event_title=row.live_event_title,
        settings=_shown_settings(code),
        conversion_events=code.conversion_events,
        purpose=code.purpose,
        custom_params=code.custom_params,
        has_server=connection is not None,
        connection_id=code.connection_id,
        secret_set_at=connection.secret_set_at if connection else None,
        connection_state=connection.state if connection else None,
        connection_reason=connection.state_reason if connection else None,
        last_browser_hit_at=code.last_browser_hit_at,
        created_at=code.created_at,
        updated_at=code.updated_at,
        version=code.version,
    )


def _shown_settings(code: TrackingCode) -> dict[str, Any]:
    try:
        platform = registry().get(code.provider)
    except UnknownPlatformError:
        return {}
    return {public_id_name(platform): code.public_id, **plugin_values(platform, code.settings)}
