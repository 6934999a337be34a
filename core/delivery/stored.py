"""The tracking event as ingest hands it to delivery."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An accepted event with everything a conversion can be made of.

    ``consent`` is the event's own snapshot (purpose → granted, plus ``captured_at``). ``event_entity_id`` is a live
    event's external id. ``sealed_client`` is the address and user agent, sealed by the keyring for ``client``.
    ``trusted``: it came with a server key or from an outbox, never with the public write key.
    """

    tenant_id: int
    event_id: uuid.UUID
    event_name: str
    occurred_at: datetime
    received_at: datetime
    trusted: bool
    is_bot: bool = False
    visitor_id: str | None = None
    session_id: str | None = None
    person_id: int | None = None
    order_id: str | None = None
    event_entity_id: str | None = None
    consent: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    entities: dict[str, Any] = field(default_factory=dict)
    sealed_client: bytes | None = None
