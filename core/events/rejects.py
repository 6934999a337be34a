"""Events that were refused, kept encrypted for 30 days so that they can be looked at, repaired and replayed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from core.events.models import RejectedEvent

OPEN, REPLAYED, BLOCKED, DISCARDED = "open", "replayed", "blocked", "discarded"
REJECT_STATES = (OPEN, REPLAYED, BLOCKED, DISCARDED)
POSITION = re.compile(r"/[0-9]+(?=/|$)")


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused event: sealed as it came, with the reasons, and what is needed to take it later after all."""

    site_id: str | None
    event_name: str | None
    code: str
    problems: list[dict[str, Any]]
    sealed_event: bytes
    received_at: datetime
    trusted: bool = False
    flags: Mapping[str, Any] = field(default_factory=dict)
    sealed_client: bytes | None = None


def group_key(code: str, event_name: str | None, problems: Sequence[Mapping[str, Any]]) -> str:
    """What events with the same problems at the same places share; positions in lists do not tell them apart."""
    places = sorted({f"{place_of(item['pointer'])} {item['rule']}" for item in problems})
    return hashlib.sha256(f"{code}|{event_name or ''}|{','.join(places)}".encode()).hexdigest()


def place_of(pointer: str) -> str:
    """A JSON pointer with `*` for every position in a list."""
    return POSITION.sub("/*", pointer)


def store_rejects(session: Session, tenant_id: int, rejects: Sequence[Reject]) -> None:
    """Store refused events of one tenant."""
    if rejects:
        session.execute(insert(RejectedEvent), [_row(tenant_id, item) for item in rejects])


def _row(tenant_id: int, item: Reject) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "site_id": item.site_id,
        "event_name": item.event_name,
        "code": item.code,
        "problems": item.problems,
        "sealed_event": item.sealed_event,
        "received_at": item.received_at,
        "group_key": group_key(item.code, item.event_name, item.problems),
        "trusted": item.trusted,
        "flags": dict(item.flags),
        "sealed_client": item.sealed_client,
    }
