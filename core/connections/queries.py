"""Reading connections: scoped lists, one row for a change, secrets opened for sending."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from adrail import ConnectionRef
from core.accounts.api import Actor
from core.connections import vault
from core.connections.models import Connection
from core.connections.views import ConnectionView, OpenConnection, view_of
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.security.crypto import keyring


def list_connections(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[ConnectionView]:
    """Return the actor's connections, oldest first: an organiser's own, or the whole marketplace's."""
    query = select(Connection).where(Connection.tenant_id == actor.tenant_id).order_by(Connection.id)
    if actor.organizer_id is not None:
        query = query.where(Connection.organizer_id == actor.organizer_id)
    after = decode_cursor(cursor, int)
    if after:
        query = query.where(Connection.id > after[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(query.limit(size + 1)).all()
    items = [view_of(row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def get_connection(actor: Actor, connection_id: int) -> ConnectionView:
    """Return one connection; raises `NotFoundError` when it does not exist or is not the actor's."""
    query = select(Connection).where(Connection.tenant_id == actor.tenant_id, Connection.id == connection_id)
    if actor.organizer_id is not None:
        query = query.where(Connection.organizer_id == actor.organizer_id)
    with tenant_session(actor.tenant_id) as session:
        row = session.scalars(query).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no connection {connection_id}, or it is not yours")
        return view_of(row)


def views(session: Session, connection_ids: Iterable[int]) -> dict[int, ConnectionView]:
    """Return several connections of the session's tenant by id; unknown ids are left out."""
    wanted = sorted(set(connection_ids))
    if not wanted:
        return {}
    rows = session.scalars(select(Connection).where(Connection.id.in_(wanted)))
    return {row.id: view_of(row) for row in rows}


def find(session: Session, *, organizer_id: int | None, provider: str, account_id: str) -> int | None:
    """Return the id of an owner's connection to one account, or None."""
    return session.scalar(
        select(Connection.id).where(
            Connection.organizer_id.is_not_distinct_from(organizer_id),
            Connection.provider == provider,
            Connection.account_id == account_id,
        )
    )


def open_for_sending(session: Session, connection_id: int) -> OpenConnection:
    """Decrypt a connection of the session's tenant; raises `NotFoundError` or `DecryptionError`."""
    row = session.get(Connection, connection_id)
    if row is None:
        raise NotFoundError(f"there is no connection {connection_id} in this marketplace")
    return OpenConnection(
        ref=ConnectionRef(id=row.id, account_id=row.account_id, settings=row.settings),
        credentials=vault.unlock(keyring(), row.secret_ciphertext, tenant_id=row.tenant_id, connection_id=row.id),
        provider=row.provider,
        state=row.state,
        resume_at=row.resume_at,
        version=row.version,
    )


def locked(session: Session, actor: Actor, connection_id: int) -> Connection:
    """Return the actor's connection, locked until the transaction ends; raises `NotFoundError`."""
    query = select(Connection).where(Connection.id == connection_id).with_for_update()
    if actor.organizer_id is not None:
        query = query.where(Connection.organizer_id == actor.organizer_id)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no connection {connection_id}, or it is not yours")
    return row
