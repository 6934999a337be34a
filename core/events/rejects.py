"""Events that were refused, kept encrypted for 30 days so that they can be looked at and repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.events.models import RejectedEvent


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused event: sealed as it came, with the reasons."""

    site_id: str | None
    event_name: str | None
    code: str
    problems: list[dict[str, Any]]
    sealed_event: bytes
    received_at: datetime


def store_rejects(session: Session, tenant_id: int, rejects: Sequence[Reject]) -> None:
    """Store refused events of one tenant."""
    if rejects:
        rows = [
            {
                "tenant_id": tenant_id,
                "site_id": item.site_id,
                "event_name": item.event_name,
                "code": item.code,
                "problems": item.problems,
                "sealed_event": item.sealed_event,
                "received_at": item.received_at,
            }
            for item in rejects
        ]
        session.execute(insert(RejectedEvent), rows)
