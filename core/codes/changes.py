"""Writing a change of a tracking code: the row, its history, the audit log and the news to every process."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import structlog
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.codes import history, queries
from core.codes.generation import bump_generation
from core.codes.models import TrackingCode
from core.codes.views import CodeView
from core.errors import ConflictError
from core.events.api import emit_config_change

log = structlog.get_logger(__name__)


def insert(session: Session, platform_name: str, row: TrackingCode) -> None:
    """Add a code; raises `ConflictError` naming the code that has its place already."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        taken = session.scalar(
            select(TrackingCode.id).where(
                TrackingCode.organizer_id.is_not_distinct_from(row.organizer_id),
                TrackingCode.live_event_id.is_not_distinct_from(row.live_event_id),
                TrackingCode.provider == row.provider,
            )
        )
        where = {"marketplace": "the marketplace", "organizer": "this organiser", "live_event": "this live event"}
        raise ConflictError(
            f"{where[row.level]} has a {platform_name} code already: change code {taken}, or delete it first",
            code="code_exists",
        ) from None


def touch(session: Session, row: TrackingCode) -> None:
    """Write a changed code under a new version."""
    row.version += 1
    row.updated_at = datetime.now(UTC)
    session.flush()


def record(
    session: Session,
    actor: Actor,
    row: TrackingCode,
    action: str,
    *,
    before: history.State | None,
    secrets_set: Collection[str] = (),
) -> CodeView:
    """Write down a change that left a row behind, and return the code as it is now."""
    after = history.state_of(row)
    if secrets_set:
        after["secrets_set"] = sorted(secrets_set)
    history.record(session, actor, row, action, before=before, after=after)
    _tell(session, actor, row, action)
    return queries.load_code(session, actor, row.id)


def record_deletion(session: Session, actor: Actor, row: TrackingCode, *, before: history.State) -> None:
    """Write down that a code was deleted."""
    history.record(session, actor, row, "deleted", before=before, after=None)
    _tell(session, actor, row, "deleted")


def _tell(session: Session, actor: Actor, row: TrackingCode, action: str) -> None:
    emit_config_change(session, actor.tenant_id)
    detail: dict[str, Any] = {"provider": row.provider, "public_id": row.public_id, "enabled": row.enabled}
    record_audit(session, actor, f"tracking_code.{action}", f"tracking_code:{row.id}", detail)


def publish(tenant_id: int) -> None:
    """After the commit: make every process forget the configuration it remembers."""
    try:
        bump_generation(tenant_id)
    except RedisError:
        # The outbox row of the same transaction does it again.
        log.warning("tracking configuration was changed but not invalidated yet", tenant_id=tenant_id, exc_info=True)
