"""Bearer keys of a marketplace: what those who look after them see and revoke."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.accounts.audit import record_audit
from core.accounts.key_kinds import require_key_manager
from core.accounts.models import ApiKey, Organizer
from core.accounts.service import Actor, ScannerBinding
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor

KeyState = Literal["active", "ending", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class KeyView:
    """A ``server``, ``organizer`` or ``scanner`` key, without the key itself: only its hash is kept.

    ``state`` is ``ending`` for a key that a newer one, ``replaced_by``, has replaced and that still works.
    """

    id: int
    kind: str
    name: str
    prefix: str
    organizer: str | None
    organizer_name: str | None
    scopes: tuple[str, ...]
    scanner: ScannerBinding | None
    created_at: datetime
    created_by: str | None
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: int | None
    state: KeyState

    @property
    def works(self) -> bool:
        """Whether requests with it are answered."""
        return self.state in {"active", "ending"}


def list_keys(actor: Actor, *, kind: str | None = None, limit: int = 50, cursor: str | None = None) -> Page[KeyView]:
    """Keys of the marketplace, or of the actor's organiser, newest first. Raises `ForbiddenError`."""
    require_key_manager(actor)
    query = visible_keys(actor).order_by(ApiKey.id.desc())
    if kind:
        query = query.where(ApiKey.kind == kind)
    before = decode_cursor(cursor, int)
    if before:
        query = query.where(ApiKey.id < before[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.execute(query.limit(size + 1)).all()
    items = [view_of(row[0], row[1]) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def get_key(actor: Actor, key_id: int) -> KeyView:
    """Return one key. Raises `ForbiddenError` or `NotFoundError`."""
    require_key_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        found = session.execute(visible_keys(actor).where(ApiKey.id == key_id)).one_or_none()
    if found is None:
        raise _unknown(key_id)
    return view_of(found[0], found[1])


def revoke_key(actor: Actor, key_id: int) -> KeyView:
    """Make a key useless at once; revoking it again changes nothing. Raises `ForbiddenError` or `NotFoundError`."""
    require_key_manager(actor)
    with tenant_session(actor.tenant_id) as session:
        row, organizer = key_for_change(session, actor, key_id)
        if row.revoked_at is None:
            row.revoked_at = datetime.now(UTC)
            session.flush()
            record_audit(session, actor, "key.revoked", f"key:{row.id}", {"kind": row.kind, "name": row.name})
        return view_of(row, organizer)


def key_for_change(session: Session, actor: Actor, key_id: int) -> tuple[ApiKey, Organizer | None]:
    """Return a key's row, locked, and its organiser; raises `NotFoundError`."""
    query = visible_keys(actor).where(ApiKey.id == key_id).with_for_update(of=ApiKey)
    found = session.execute(query).one_or_none()
    if found is None:
        raise _unknown(key_id)
    return found[0], found[1]


def visible_keys(actor: Actor) -> Select[ApiKey, Organizer | None]:
    """The keys that somebody looks after: an organiser's staff their own, others all."""
    query = (
        select(ApiKey, Organizer)
        .join(Organizer, Organizer.id == ApiKey.organizer_id, isouter=True)
        .where(ApiKey.tenant_id == actor.tenant_id)
    )
    return query if actor.organizer_id is None else query.where(ApiKey.organizer_id == actor.organizer_id)


def _unknown(key_id: int) -> NotFoundError:
    return NotFoundError(f"there is no key {key_id} in this marketplace, or it is not yours")


def view_of(row: ApiKey, organizer: Organizer | None) -> KeyView:
    """Make the view of a row."""
    bound = row.live_event_external_id is not None and row.gate is not None and row.device is not None
    return KeyView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        prefix=row.prefix,
        organizer=organizer.external_id if organizer else None,
        organizer_name=organizer.name if organizer else None,
        scopes=tuple(row.scopes),
        scanner=ScannerBinding(row.live_event_external_id or "", row.gate or "", row.device or "") if bound else None,
        created_at=row.created_at,
        created_by=row.created_by,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        replaced_by=row.replaced_by_id,
        state=_state(row),
    )


def _state(row: ApiKey) -> KeyState:
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= datetime.now(UTC):
        return "expired"
    return "active" if row.replaced_by_id is None else "ending"
