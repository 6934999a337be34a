"""Changing connections: secrets, state, throttling; plugins are told after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from adrail.hookspecs import ConnectionChanged
from core.accounts.api import Actor, record_audit
from core.connections import queries, vault
from core.connections.announce import announce
from core.connections.models import Connection
from core.connections.telling import tell_stopped, tell_working, waits_for_good_news
from core.connections.views import OpenConnection
from core.db.session import tenant_session
from core.errors import ConflictError, ForbiddenError, InvalidInputError
from core.security.crypto import keyring

ACTIVE, NEEDS_RECONNECT, PAUSED = "active", "needs_reconnect", "paused"


def link(
    session: Session,
    actor: Actor,
    *,
    organizer_id: int | None,
    provider: str,
    account_id: str,
    secrets: Mapping[str, str],
    settings: Mapping[str, Any],
) -> int:
    """Create an owner's connection to an account, or update it; returns its id.

    Secrets that are named replace the stored ones, the others stay; ``settings`` are the platform's non-secret ones.
    New secrets re-activate a connection that needed them; a pause by a person stays. Raises `InvalidInputError` when a
    new connection comes without any secret.
    """
    row = _locked_account(session, actor, organizer_id, provider, account_id)
    if not (secrets or row.secret_ciphertext):
        raise InvalidInputError("a connection needs a secret; pass the platform's token")
    row.settings = dict(settings)
    if secrets:
        _store(session, actor, row, secrets)
    session.flush()
    return row.id


def replace_secrets(actor: Actor, connection_id: int, secrets: Mapping[str, str]) -> None:
    """Store new secrets of a connection; what waited for them is sent. Raises `NotFoundError` or `ForbiddenError`.

    Raises `InvalidInputError` when none is given.
    """
    _require(actor)
    if not any(secrets.values()):
        raise InvalidInputError("enter the platform's new token")
    with tenant_session(actor.tenant_id) as session:
        row = queries.locked(session, actor, connection_id)
        _store(session, actor, row, {name: value for name, value in secrets.items() if value})


def _locked_account(
    session: Session, actor: Actor, organizer_id: int | None, provider: str, account_id: str
) -> Connection:
    # The row comes first and empty: its id is part of what the ciphertext is bound to.
    session.execute(
        insert(Connection)
        .values(
            tenant_id=actor.tenant_id,
            organizer_id=organizer_id,
            provider=provider,
            account_id=account_id,
            secret_ciphertext=b"",
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Connection)
        .where(
            Connection.organizer_id.is_not_distinct_from(organizer_id),
            Connection.provider == provider,
            Connection.account_id == account_id,
        )
        .with_for_update()
    ).one()


def _store(session: Session, actor: Actor, row: Connection, secrets: Mapping[str, str]) -> None:
    place = {"tenant_id": row.tenant_id, "connection_id": row.id}
    known = vault.unlock(keyring(), row.secret_ciphertext, **place) if row.secret_ciphertext else {}
    row.secret_ciphertext = vault.lock(keyring(), {**known, **secrets}, **place)
    row.secret_set_at = datetime.now(UTC)
    row.version += 1
    if row.state == NEEDS_RECONNECT:
        _change_state(session, row, ACTIVE)
    record_audit(
        session,
        actor,
        "connection.secret_set",
        f"connection:{row.id}",
        {"provider": row.provider, "account_id": row.account_id, "fields": sorted(secrets)},
    )


def mark_needs_reconnect(session: Session, refused: OpenConnection, reason: str, code: str) -> None:
    """Stop sending through a connection whose credentials are dead; ``reason`` is plain words without secrets.

    Credentials that were replaced while the refused ones were under way are not to blame.
    """
    row = session.scalars(select(Connection).where(Connection.id == refused.ref.id).with_for_update()).one_or_none()
    if row is not None and row.state == ACTIVE and row.version == refused.version:
        _change_state(session, row, NEEDS_RECONNECT, reason, code)


def mark_working(session: Session, taken: OpenConnection) -> None:
    """The platform took these credentials: re-activate a connection that needed new ones, and tell who waits for it.

    Cheap where nobody waits, so it may be called for everything that was accepted.
    """
    if taken.state == ACTIVE and not waits_for_good_news(session, taken.ref.id):
        return
    row = session.scalars(select(Connection).where(Connection.id == taken.ref.id).with_for_update()).one_or_none()
    if row is None or row.version != taken.version:
        return
    if row.state == NEEDS_RECONNECT:
        _change_state(session, row, ACTIVE)
    if row.state == ACTIVE:
        tell_working(session, row)


def throttle(session: Session, connection_id: int, until: datetime) -> None:
    """The platform asked for a pause: do not call it before ``until`` (an earlier time never shortens a longer one)."""
    row = session.scalars(select(Connection).where(Connection.id == connection_id).with_for_update()).one_or_none()
    if row is not None and (row.resume_at is None or row.resume_at < until):
        row.resume_at = until
        session.flush()


def pause(actor: Actor, connection_id: int, reason: str = "") -> None:
    """Stop sending until `resume`; what waits is kept. Raises `NotFoundError`, `ForbiddenError` or `ConflictError`."""
    _require(actor)
    with tenant_session(actor.tenant_id) as session:
        row = queries.locked(session, actor, connection_id)
        if row.state == PAUSED:
            raise ConflictError("this connection is paused already", code="already_paused")
        _change_state(session, row, PAUSED, reason or "paused by a person", None)
        record_audit(session, actor, "connection.paused", f"connection:{row.id}", {"reason": reason})


def resume(actor: Actor, connection_id: int) -> None:
    """Send again after `pause`. Raises `NotFoundError`, `ForbiddenError`, or `ConflictError` when it is not paused."""
    _require(actor)
    with tenant_session(actor.tenant_id) as session:
        row = queries.locked(session, actor, connection_id)
        if row.state != PAUSED:
            remedy = "replace its token" if row.state == NEEDS_RECONNECT else "nothing is to be done"
            raise ConflictError(f"this connection is not paused but {row.state}: {remedy}", code="not_paused")
        _change_state(session, row, ACTIVE)
        record_audit(session, actor, "connection.resumed", f"connection:{row.id}", {})


def _require(actor: Actor) -> None:
    if "manage_connections" not in actor.permissions:
        raise ForbiddenError("changing a connection needs the permission manage_connections")


def _change_state(
    session: Session, row: Connection, state: str, reason: str | None = None, code: str | None = None
) -> None:
    now = datetime.now(UTC)
    active_for = now - row.state_since if row.state == ACTIVE else timedelta(0)
    row.state, row.state_reason, row.state_code = state, reason, code
    row.state_since = now
    if state == ACTIVE:
        row.resume_at = None
    session.flush()
    if state == NEEDS_RECONNECT:
        tell_stopped(session, row, active_for)
    announce(session, ConnectionChanged(row.tenant_id, row.id, row.provider, state, reason or ""))
