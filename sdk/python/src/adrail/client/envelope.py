"""Events as they go on the wire."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to, and when; whatever is not named counts as refused."""

    analytics: bool = False
    marketing: bool = False
    data_processing: bool = False
    captured_at: datetime | None = None
    copy_hash: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The wire form."""
        body: dict[str, Any] = {
            "analytics": self.analytics,
            "marketing": self.marketing,
            "data_processing": self.data_processing,
        }
        if self.captured_at is not None:
            body["captured_at"] = moment(self.captured_at)
        if self.copy_hash is not None:
            body["copy_hash"] = self.copy_hash
        return body


@dataclass(frozen=True, slots=True)
class Event:
    """One tracking event. The server's reference lists names, payloads and entities."""

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    entities: Mapping[str, str] = field(default_factory=dict)
    visitor_id: str | None = None
    session_id: str | None = None
    person_id: str | None = None
    consent: Consent | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    event_id: uuid.UUID | None = None
    idempotency_key: str | None = None
    version: int = 1
    source_system: str = "backend"

    def as_dict(self) -> dict[str, Any]:
        """The wire form; event id and time are filled in where they are missing."""
        body: dict[str, Any] = {
            "event_id": str(self.event_id or uuid.uuid4()),
            "event_name": self.name,
            "event_version": self.version,
            "occurred_at": moment(self.occurred_at or datetime.now(UTC)),
            "source_system": self.source_system,
        }
        optional = {
            "visitor_id": self.visitor_id,
            "session_id": self.session_id,
            "person_id": self.person_id,
            "idempotency_key": self.idempotency_key,
            "consent_snapshot": self.consent.as_dict() if self.consent else None,
            "entities": dict(self.entities) or None,
            "context": dict(self.context) or None,
            "payload": dict(self.payload) or None,
        }
        body.update((name, value) for name, value in optional.items() if value is not None)
        return body


def moment(value: datetime) -> str:
    """Return a time as RFC 3339; raises `ValueError` for one without zone, which nobody could place."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC) or attach one")
    return value.isoformat()


def encode(body: Mapping[str, Any]) -> bytes:
    """Return compact JSON; raises `TypeError` or `ValueError` for what JSON cannot say (amounts: pass text)."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
