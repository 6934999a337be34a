"""Sending to the toy platform: JSON with decimal texts over Python's own HTTP client."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from adrail import (
    Accepted,
    AdrailError,
    AuthError,
    Conversion,
    ConversionLimits,
    HashedIdentifier,
    HealthReport,
    HealthRequest,
    Ignored,
    Invalid,
    InvalidPayloadError,
    Outcome,
    Retry,
    RetryableError,
    SendRequest,
    ThrottledError,
    Transport,
)

EXPLAIN = {
    "token": ("The token is not valid.", "Make a new one."),
    "away": ("The platform could not be reached.", "Nothing to do."),
    "future": ("The event lies in the future.", "Set the clock."),
    "refused": ("The platform refused an event.", "Correct it."),
    "slow": ("The platform asks for a pause.", "Nothing to do."),
}


class ToyConversions:
    """Takes ten events a call."""

    limits = ConversionLimits(max_batch=10, max_age=timedelta(days=2))
    event_names: Mapping[str, str] = {"order_completed": "sale", "event_view": "view"}

    def send(self, request: SendRequest) -> Sequence[Outcome]:
        """Send what can be sent in one call."""
        if len(request.items) > self.limits.max_batch:
            raise InvalidPayloadError("at most ten events", code="refused")
        outcomes = {place: no for place, item in enumerate(request.items) if (no := self.refusal(item, request))}
        places = [place for place in range(len(request.items)) if place not in outcomes]
        if places:
            refused = post(
                request.transport,
                request.credentials.get("token", ""),
                [self.build(request.items[at]) for at in places],
            )
            for number, place in enumerate(places):
                outcomes[place] = Invalid("/", "refused", "refused") if number in refused else Accepted("toy")
        return [outcomes[place] for place in range(len(request.items))]

    def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
        """Return what would be sent."""
        return [self.build(item) for item in request.items]

    def refusal(self, item: Conversion, request: SendRequest) -> Outcome | None:
        """Return why an item is not sent."""
        if item.canonical not in self.event_names:
            return Ignored("not_mapped")
        if request.now - item.occurred_at > self.limits.max_age:
            return Ignored("too_old")
        return Retry("the clock is wrong", "future") if item.occurred_at > request.now else None

    def build(self, item: Conversion) -> dict[str, Any]:
        """Return one event."""
        event = {"id": item.event_id, "name": self.event_names.get(item.canonical, ""), "purpose": item.consent.purpose}
        if item.value is not None:
            event |= {"amount": format(item.value, "f"), "currency": str(item.currency)}
        if item.user.email and item.consent.purpose == "marketing":
            event["email"] = HashedIdentifier.of(item.user.email.reveal().strip().lower()).hexdigest()
        return event


class ToyHealth:
    """Asks with an empty list."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Return that the platform answers; raises `adrail.errors`."""
        post(request.transport, request.credentials.get("token", ""), [])
        return HealthReport(ok=True, summary="Toy Ads answers.")


def post(transport: Transport, token: str, events: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the places that were refused; raises `adrail.errors`."""
    if not token:
        raise AuthError(EXPLAIN["token"][0], code="token")
    parts = urlsplit(transport.url("api"))
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=transport.read_timeout)
    failure: AdrailError = RetryableError(EXPLAIN["away"][0], code="away")
    try:
        connection.request("POST", f"{parts.path}/events", json.dumps({"events": events}), {"X-Token": token})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == 200:
            return [int(place) for place in json.loads(content)["refused"]]
        if answer.status == 401:
            failure = AuthError(EXPLAIN["token"][0], code="token")
        elif answer.status == 429:
            failure = ThrottledError("wait", retry_after=float(answer.headers.get("Retry-After", 60)), code="slow")
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        pass
    finally:
        connection.close()
    raise failure
