"""What others see of deliveries: no clear identifier is ever part of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One destination of one event; ``organizer_id`` None is the marketplace's own account.

    ``live_event_id`` is an external id; ``value`` is in major units of ``currency``. ``event_id`` is the tracking
    event's, ``platform_event_id`` what the platform and the browser pixel know it by.
    """

    id: int
    event_id: str
    event_name: str
    canonical: str
    platform_event_id: str
    provider: str
    public_id: str
    code_id: int
    connection_id: int
    connection_state: str | None
    organizer_id: int | None
    organizer_name: str | None
    live_event_id: str | None
    live_event_title: str | None
    order_id: str | None
    value: Decimal | None
    currency: str | None
    is_test: bool
    state: str
    reason: str | None
    detail: str | None
    platform_code: str | None
    platform_ref: str | None
    attempts: int
    occurred_at: datetime
    received_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None


NEVER_LEFT = frozenset({"ignored", "replay"})
"""Entries in the log of attempts that stand for no byte on its way."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try. ``outcome`` is ``accepted submitted ignored retry throttled invalid auth gave_up`` or ``replay``."""

    at: datetime
    duration_ms: int
    outcome: str
    code: str | None
    message: str | None
    reference: str | None
    sent: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened and what to do, in plain words; ``by`` is ``platform`` or ``adrail``."""

    happened: str
    remedy: str
    by: str


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    """A delivery with its tries (latest first), the proof of consent and an explanation of its state."""

    delivery: DeliveryView
    attempts: list[AttemptView]
    sent: dict[str, Any] | None
    items: list[dict[str, Any]]
    explanation: Explanation | None
    purpose: str
    consent: dict[str, Any]
    consent_receipt: dict[str, Any] | None
    can_replay: bool

    @property
    def left(self) -> bool:
        """Whether any try, among those shown, reached for the network; an ignored one never does."""
        return any(attempt.outcome not in NEVER_LEFT for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """``accepted + ignored + pending + dead == expected``; ``reasons`` counts those that have one."""

    expected: int
    accepted: int
    ignored: int
    pending: int
    dead: int
    reasons: dict[str, int] = field(default_factory=dict)
