"""The conversions capability: decide what can be sent, send it one request an event, answer per event."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adrail import (
    Accepted,
    AdrailError,
    Auth,
    AuthError,
    Conversion,
    Invalid,
    InvalidPayloadError,
    Outcome,
    Retry,
    SendRequest,
    Throttled,
    ThrottledError,
)
from plugins.ga4 import errors
from plugins.ga4.client import Stream, open_stream
from plugins.ga4.conversions import EVENT_NAMES, LIMITS, build_request
from plugins.ga4.encoding import to_json
from plugins.ga4.refusals import refusal
from plugins.ga4.settings import Options, options_of

VALIDATED = "validated, not counted"
LONGEST_CALL = 45.0
"""Seconds; a call is up to 25 requests, and slow ones together must not outlast the job that waits for them."""


class Ga4Conversions:
    """The Measurement Protocol; a test send goes to Google's validation server, where nothing is counted."""

    limits = LIMITS
    event_names = EVENT_NAMES

    def __init__(self, longest_call: float = LONGEST_CALL) -> None:
        self._longest_call = longest_call

    def send(self, request: SendRequest) -> Sequence[Outcome]:
        """Send what can be sent; raises `adrail.errors` when already the first event finds the door shut."""
        if len(request.items) > LIMITS.max_batch:
            raise InvalidPayloadError(f"GA4 takes {LIMITS.max_batch} events a call, got {len(request.items)}")
        options = options_of(request.connection.settings)
        if request.test_code:  # nothing is counted, so nothing can be counted twice
            options = replace(options, server_events=frozenset(EVENT_NAMES))
        outcomes = {
            place: outcome
            for place, item in enumerate(request.items)
            if (outcome := refusal(item, options, request.now)) is not None
        }
        places = [place for place in range(len(request.items)) if place not in outcomes]
        if places:
            outcomes.update(_post_all(request, places, options, time.monotonic() + self._longest_call))
        return [outcomes[place] for place in range(len(request.items))]

    def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
        """Return the requests' bodies as they would be sent, identifiers hashed; amounts are `Decimal`."""
        options = options_of(request.connection.settings)
        return [_build(item, options) for item in request.items]


def _build(item: Conversion, options: Options) -> dict[str, Any]:
    return build_request(item, user_provided_data=options.user_provided_data, debug_view=options.debug_view)


def _post_all(request: SendRequest, places: Sequence[int], options: Options, deadline: float) -> Mapping[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    secret = request.credentials.get("api_secret", "")
    with open_stream(request.transport, request.items[0].destination_id, secret) as stream:
        for position, place in enumerate(places):
            if position and time.monotonic() > deadline:
                outcomes.update(dict.fromkeys(places[position:], _later(errors.own("slow"))))
                break
            body = to_json(_build(request.items[place], options))
            try:
                outcomes[place] = _post(stream, body, test=bool(request.test_code))
            except InvalidPayloadError as error:
                outcomes[place] = Invalid(error.pointer, str(error), error.code)
            except AdrailError as error:
                if position == 0:
                    raise
                # The door shut after some went through: those are taken, and the rest waits without knocking again.
                outcomes.update(dict.fromkeys(places[position:], _later(error)))
                break
    return outcomes


def _post(stream: Stream, body: str, *, test: bool) -> Outcome:
    if not test:
        stream.collect(body)
        return Accepted()
    problems = stream.validate(body)
    if problems:
        raise problems[0]
    return Accepted(VALIDATED)


def _later(error: AdrailError) -> Outcome:
    match error:
        case ThrottledError():
            return Throttled(error.retry_after, str(error))
        case AuthError():
            return Auth(str(error), error.code)
        case _:
            return Retry(str(error), error.code)
