"""A platform that does what a test tells it: a plugin of the test's own, written against the public API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from adrail import (
    Accepted,
    ConnectionRef,
    ConsentReceipt,
    Conversion,
    ConversionLimits,
    Credentials,
    Outcome,
    RawIdentifier,
    SendRequest,
    Transport,
    UserData,
)

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
Answer = Callable[[SendRequest], Sequence[Outcome]]


def accept(request: SendRequest) -> Sequence[Outcome]:
    """Take everything."""
    return [Accepted(f"ref-{item.event_id}") for item in request.items]


@dataclass
class ScriptedSender:
    """Plays the answers of ``script`` one call after the other, then ``otherwise``; remembers what it was sent."""

    otherwise: Answer = accept
    script: list[Answer] = field(default_factory=list)
    limits: ConversionLimits = field(default_factory=lambda: ConversionLimits(10, timedelta(days=7)))
    event_names: Mapping[str, str] = field(default_factory=lambda: {"order_completed": "Purchase"})
    calls: list[list[str]] = field(default_factory=list)
    preview_error: Exception | None = None

    def send(self, request: SendRequest) -> Sequence[Outcome]:
        """Play the next answer."""
        self.calls.append([item.event_id for item in request.items])
        answer = self.script.pop(0) if self.script else self.otherwise
        return answer(request)

    def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
        """Show each item with everything in clear, as a careless plugin would."""
        if self.preview_error:
            raise self.preview_error
        return [
            {
                "id": item.event_id,
                "mail": item.user.email.reveal() if item.user.email else None,
                "agent": item.user.user_agent.reveal() if item.user.user_agent else None,
                "value": item.value,
            }
            for item in request.items
        ]


def failing(error: Exception) -> Answer:
    """An answer that raises."""

    def answer(request: SendRequest) -> Sequence[Outcome]:
        raise error

    return answer


def conversions(count: int) -> list[Conversion]:
    """Conversions with the event ids e0, e1 and so on."""
    return [
        Conversion(
            event_id=f"e{number}",
            canonical="order_completed",
            occurred_at=NOW,
            destination_id="px",
            consent=ConsentReceipt("marketing", None, None, NOW),
            value=Decimal("10.00"),
            currency="EUR",
            user=UserData(email=RawIdentifier(f"buyer{number}@canary.example"), user_agent=RawIdentifier("Agent/1.0")),
        )
        for number in range(count)
    ]


def request(count: int) -> SendRequest:
    """A request for that many conversions."""
    return SendRequest(
        connection=ConnectionRef(1, "px"),
        credentials=Credentials({"access_token": "secret-canary-token"}),
        items=conversions(count),
        test_code=None,
        now=NOW,
        transport=Transport(),
    )
