"""The conversions capability: decide what can be sent, send it in one call, answer per event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adrail import Accepted, Conversion, InvalidPayloadError, Outcome, SendRequest
from plugins.meta import client
from plugins.meta.conversions import EVENT_NAMES, LIMITS, build_event, to_json
from plugins.meta.refusals import refusal


class MetaConversions:
    """The Conversions API: all events of a request are taken, or none is."""

    limits = LIMITS
    event_names = EVENT_NAMES

    def send(self, request: SendRequest) -> Sequence[Outcome]:
        """Send what can be sent in one call; raises `adrail.errors` for what concerns the whole call."""
        if len(request.items) > LIMITS.max_batch:
            raise InvalidPayloadError(f"Meta takes {LIMITS.max_batch} events a request, got {len(request.items)}")
        events = [_build(item, request) for item in request.items]
        outcomes = {
            place: outcome
            for place, (item, event) in enumerate(zip(request.items, events, strict=True))
            if (outcome := refusal(item, event, request.now)) is not None
        }
        places = [place for place in range(len(events)) if place not in outcomes]
        if places:
            accepted = Accepted(_post(request, events, places))
            outcomes.update(dict.fromkeys(places, accepted))
        return [outcomes[place] for place in range(len(events))]

    def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
        """Return the events as they would be sent, identifiers hashed; amounts are `Decimal`."""
        return [_build(item, request) for item in request.items]


def _build(item: Conversion, request: SendRequest) -> dict[str, Any]:
    return build_event(item, advanced_matching=bool(request.connection.settings.get("advanced_matching", True)))


def _post(request: SendRequest, events: Sequence[Mapping[str, Any]], places: Sequence[int]) -> str:
    """Post the events at these places; returns Meta's trace id."""
    try:
        return client.post_events(
            request.transport,
            request.credentials.get("access_token", ""),
            request.items[0].destination_id,
            [to_json(events[place]) for place in places],
            request.test_code,
        )
    except InvalidPayloadError as error:
        # Meta counts what it was sent, the caller what it asked for.
        error.index = places[error.index] if error.index is not None and error.index < len(places) else None
        raise
