"""Changing tracking codes: create, update, delete, undo; history and audit in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from adrail import Platform
from core.accounts.api import Actor
from core.codes import changes, history, queries
from core.codes.fields import COMMON, platform_of, public_id_name
from core.codes.models import TrackingCode
from core.codes.schema import clean_settings, plugin_values
from core.codes.targets import target_of
from core.codes.tokens import connection_for
from core.codes.views import CodeView
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError


def create_code(actor: Actor, data: Mapping[str, Any]) -> CodeView:
    """Create a code from ``provider``, its target (see `target_of`), ``enabled`` and ``settings``.

    A secret among the settings goes into a connection, created or linked in the same transaction. Raises
    `InvalidInputError` naming every wrong field, `NotFoundError` for a target that is not the actor's,
    `ForbiddenError`, and `ConflictError` when that place has a code of this platform already.
    """
    _require(actor)
    platform = platform_of(str(data.get("provider") or ""))
    clean = clean_settings(platform, data.get("settings") or {})
    with tenant_session(actor.tenant_id) as session:
        target = target_of(session, actor, dict(data))
        row = TrackingCode(
            tenant_id=actor.tenant_id,
            organizer_id=target.organizer_id,
            live_event_id=target.live_event_id,
            provider=platform.slug,
            public_id=clean.public_id,
            enabled=_flag(data.get("enabled")),
            settings=clean.stored,
        )
        changes.insert(session, platform.display_name, row)
        row.connection_id = connection_for(session, actor, platform, row, clean, new=True)
        session.flush()
        view = changes.record(session, actor, row, "created", before=None, secrets_set=clean.secrets)
    changes.publish(actor.tenant_id)
    return view


def update_code(
    actor: Actor,
    code_id: int,
    data: Mapping[str, Any],
    *,
    expected_version: int | None = None,
    replace: bool = False,
) -> CodeView:
    """Change ``enabled`` and ``settings``; what is not named stays, unless ``replace`` resets it to its default.

    Secrets that are not named, or empty, always stay; null removes the code's link to its connection. Where a code
    stands and its platform cannot change. Raises as `create_code`, and `ConflictError` when ``expected_version`` is
    not the current one.
    """
    _require(actor)
    with tenant_session(actor.tenant_id) as session:
        row = queries.locked(session, actor, code_id)
        _check_version(row, expected_version)
        current = queries.load_code(session, actor, code_id)
        _refuse_moving(current, data)
        platform = platform_of(row.provider)
        clean = clean_settings(platform, _wanted(platform, row, data.get("settings"), replace=replace))
        before = history.state_of(row)
        moved = clean.public_id != row.public_id
        row.public_id, row.settings = clean.public_id, clean.stored
        if replace or data.get("enabled") is not None:
            row.enabled = _flag(data.get("enabled"))
        row.connection_id = connection_for(session, actor, platform, row, clean, new=moved)
        if history.state_of(row) == before and not clean.secrets:
            return current
        changes.touch(session, row)
        view = changes.record(session, actor, row, "updated", before=before, secrets_set=clean.secrets)
    changes.publish(actor.tenant_id)
    return view


def delete_code(actor: Actor, code_id: int) -> None:
    """Delete a code; its connection and history stay, so that it can be restored. Raises `NotFoundError`."""
    _require(actor)
    with tenant_session(actor.tenant_id) as session:
        row = queries.locked(session, actor, code_id)
        before = history.state_of(row)
        session.delete(row)
        session.flush()
        changes.record_deletion(session, actor, row, before=before)
    changes.publish(actor.tenant_id)


def undo(actor: Actor, code_id: int, change_id: int) -> CodeView:
    """Bring a code back to what it was before one change, also a deleted one; the undoing is a change itself.

    Tokens are not part of it: the connection keeps its newest secret. Raises `NotFoundError`, and `ConflictError` when
    the change was the creation or its place is taken by another code now.
    """
    _require(actor)
    with tenant_session(actor.tenant_id) as session:
        state = history.change_of(session, actor, code_id, change_id).before
        if state is None:
            raise ConflictError("this change created the code; delete the code instead", code="undo_of_creation")
        row = session.scalars(select(TrackingCode).where(TrackingCode.id == code_id).with_for_update()).one_or_none()
        before = history.state_of(row) if row else None
        if row is None:
            row = TrackingCode(id=code_id, tenant_id=actor.tenant_id, **state)
            changes.insert(session, str(state["provider"]), row)
        else:
            for name, value in state.items():
                setattr(row, name, value)
            changes.touch(session, row)
        view = changes.record(session, actor, row, "restored", before=before)
    changes.publish(actor.tenant_id)
    return view


def _require(actor: Actor) -> None:
    if "manage_tracking_codes" not in actor.permissions:
        raise ForbiddenError("changing tracking codes needs the permission manage_tracking_codes")


def _flag(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, bool):
        raise InvalidInputError("enabled is not valid", errors=[FieldProblem("/enabled", "type", "use true or false")])
    return value


def _check_version(row: TrackingCode, expected: int | None) -> None:
    if expected is not None and expected != row.version:
        raise ConflictError(
            f"somebody changed this code meanwhile (version {row.version}, you have {expected}); reload it and make"
            " your change again",
            code="version_conflict",
        )


def _refuse_moving(current: CodeView, data: Mapping[str, Any]) -> None:
    fixed = {
        "provider": current.provider,
        "level": current.level,
        "organizer_id": current.organizer_external_id,
        "live_event_id": current.live_event_external_id,
    }
    problems = [
        FieldProblem(f"/{name}", "fixed", "a code stays where it was made; create another one there")
        for name, value in fixed.items()
        if data.get(name) not in {None, "", value}
    ]
    if problems:
        raise InvalidInputError("platform and place of a code cannot change", errors=problems)


def _wanted(platform: Platform, row: TrackingCode, given: Any, *, replace: bool) -> dict[str, Any]:
    if replace:
        return dict(given or {})
    # What a newer version of the plugin no longer knows is nobody's mistake now.
    known = {name: value for name, value in row.settings.items() if name in COMMON}
    return {public_id_name(platform): row.public_id, **known, **plugin_values(platform, row.settings), **(given or {})}
