"""The outbox: what must be told to others, written in the transaction that made it true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from core.events.models import OutboxRow

TRACKING_EVENT = "tracking_event"
CONFIG_CHANGED = "config_changed"
LIVE_EVENT_STATUS = "live_event_status"
CHANNEL = "adrail_outbox"


def emit(session: Session, tenant_id: int, envelope: dict[str, Any], sealed_client: bytes | None = None) -> None:
    """Hand a trusted tracking event to the relay, which puts it on the stream once this transaction commits."""
    _write(session, tenant_id, TRACKING_EVENT, envelope, sealed_client)


def emit_config_change(session: Session, tenant_id: int) -> None:
    """Make every process forget cached tracking configuration of a tenant once this transaction commits."""
    _write(session, tenant_id, CONFIG_CHANGED, {}, None)


def emit_status_changes(session: Session, changes: Sequence[tuple[int, int]]) -> None:
    """Tell subscribers of changed statuses once this transaction commits; ``changes`` are (tenant id, change id)."""
    if not changes:
        return
    rows = [
        {"tenant_id": tenant_id, "topic": LIVE_EVENT_STATUS, "payload": {"change_id": change_id}}
        for tenant_id, change_id in changes
    ]
    session.execute(insert(OutboxRow), rows)
    session.execute(text(f"NOTIFY {CHANNEL}"))


def _write(session: Session, tenant_id: int, topic: str, payload: dict[str, Any], sealed: bytes | None) -> None:
    session.add(OutboxRow(tenant_id=tenant_id, topic=topic, payload=payload, sealed_client=sealed))
    session.flush()
    session.execute(text(f"NOTIFY {CHANNEL}"))
