"""Bearer keys of a marketplace: what its administrators see, make and revoke."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, select

from core.accounts.audit import record_audit
from core.accounts.models import ApiKey, Organizer
from core.accounts.service import Actor
from core.accounts.setup import KEY_SCOPES, add_key
from core.accounts.sites import MAX_NAME, require_admin
from core.db.session import tenant_session
from core.errors import FieldProblem, InvalidInputError, NotFoundError


@dataclass(frozen=True, slots=True)
class KeyView:
    """A ``server`` or ``organizer`` key, without the key itself: only its hash is kept."""

    id: int
    kind: str
    name: str
    prefix: str
    organizer_name: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


def list_keys(actor: Actor) -> list[KeyView]:
    """Every key of the marketplace, those that work first. Raises `ForbiddenError`."""
    require_admin(actor)
    query = _query(actor).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    with tenant_session(actor.tenant_id) as session:
        return [_view(row, organizer) for row, organizer in session.execute(query).all()]


def get_key(actor: Actor, key_id: int) -> KeyView:
    """Return one key. Raises `ForbiddenError` or `NotFoundError`."""
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        found = session.execute(_query(actor).where(ApiKey.id == key_id)).one_or_none()
    if found is None:
        raise _unknown(key_id)
    return _view(found[0], found[1])


def issue_key(actor: Actor, *, kind: str, name: str, organizer: str | None = None) -> str:
    """Make a ``server`` key, or an ``organizer`` key of the one with this external id; returned this once.

    Raises `ForbiddenError` or `InvalidInputError`.
    """
    require_admin(actor)
    problems = []
    if kind not in KEY_SCOPES:
        problems.append(FieldProblem("/kind", "one_of", f"use one of: {', '.join(KEY_SCOPES)}"))
    if not 0 < len(name.strip()) <= MAX_NAME or not name.strip().isprintable():
        problems.append(FieldProblem("/name", "length", f"use 1 to {MAX_NAME} characters that say who uses the key"))
    with tenant_session(actor.tenant_id) as session:
        owner = None
        if kind == "organizer":
            known = select(Organizer.id).where(
                Organizer.tenant_id == actor.tenant_id, Organizer.external_id == (organizer or "")
            )
            owner = session.scalar(known)
            if owner is None:
                problems.append(FieldProblem("/organizer", "known", "choose one of the marketplace's organisers"))
        if problems:
            raise InvalidInputError("the key cannot be made", errors=problems)
        return add_key(session, actor, kind, name.strip(), owner)


def revoke_key(actor: Actor, key_id: int) -> None:
    """Make a key useless at once; revoking it again changes nothing. Raises `ForbiddenError` or `NotFoundError`."""
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        query = select(ApiKey).where(ApiKey.tenant_id == actor.tenant_id, ApiKey.id == key_id).with_for_update()
        row = session.scalars(query).one_or_none()
        if row is None:
            raise _unknown(key_id)
        if row.revoked_at is None:
            row.revoked_at = datetime.now(UTC)
            session.flush()
            record_audit(session, actor, "key.revoked", f"key:{row.id}", {"kind": row.kind})


def _query(actor: Actor) -> Select[ApiKey, str | None]:
    return (
        select(ApiKey, Organizer.name)
        .join(Organizer, Organizer.id == ApiKey.organizer_id, isouter=True)
        .where(ApiKey.tenant_id == actor.tenant_id)
    )


def _unknown(key_id: int) -> NotFoundError:
    return NotFoundError(f"there is no key {key_id} in this marketplace")


def _view(row: ApiKey, organizer_name: str | None) -> KeyView:
    return KeyView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        prefix=row.prefix,
        organizer_name=organizer_name,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
