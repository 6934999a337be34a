"""One accepted event in memory, as it will stand in ``tx_events``, and what it shares with others of its request."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple


class Device(NamedTuple):
    """What somebody browsed with; each part None when unknown."""

    browser: str | None = None
    os: str | None = None
    type: str | None = None


NO_DEVICE = Device()


@dataclass(slots=True)
class Origin:
    """Where the events of one request came from; ``sealed_client`` travels beside them.

    ``place`` is what geo adds to an event's context. ``agent`` tells that ``device`` was read from a user agent, which
    outranks what an event says of itself.
    """

    tenant_id: int
    trusted: bool
    received_at: datetime
    site_id: str | None = None
    sealed_client: bytes | None = None
    client_network: str | None = None
    country: str | None = None
    place: dict[str, str] = field(default_factory=dict)
    device: Device = NO_DEVICE
    is_bot: bool = False


@dataclass(slots=True)
class EventRow:
    """One accepted event, enriched. ``event_id`` is the 16 bytes of a UUID."""

    origin: Origin
    event_id: bytes
    event_name: str
    event_version: int
    source_system: str
    occurred_at: datetime
    claimed_at: datetime
    local_date: date
    site_id: str | None = None
    visitor_id: str | None = None
    session_id: str | None = None
    sequence_no: int | None = None
    consent: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    entities: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    device: Device = NO_DEVICE
    event_entity_id: str | None = None
    order_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    person_external_id: str | None = None
    person_id: int | None = None
    idempotency_key: str | None = None
    prev_event_id: bytes | None = None

    @property
    def key(self) -> tuple[bool, bytes]:
        """What makes the event unique within its tenant."""
        return self.origin.trusted, self.event_id

    @property
    def uuid(self) -> uuid.UUID:
        """The event's id."""
        return uuid.UUID(bytes=self.event_id)
