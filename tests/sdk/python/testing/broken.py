"""Plugins that break one rule each, and how a case of the kit is run on them."""

from __future__ import annotations

import inspect
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from adrail import (
    Accepted,
    AdrailError,
    Auth,
    Conversion,
    Ignored,
    Invalid,
    InvalidPayloadError,
    Outcome,
    Platform,
    Retry,
    RetryableError,
    SendRequest,
    ThrottledError,
)
from adrail.testing import PlatformConformance, open_bench
from tests.sdk.python.testing.toy import register_platform
from tests.sdk.python.testing.toy.sender import ToyConversions, post

TOY = register_platform()
Send = Callable[[SendRequest], Sequence[Outcome]]
log = logging.getLogger(__name__)


def run(case: str, platform: Platform, declared: Mapping[str, Any] | None = None, **arguments: Any) -> None:
    """Run one case of the kit on a platform, as pytest would."""
    made = type("TestBroken", (PlatformConformance,), {"platform": platform, **(declared or {})})()
    method = getattr(made, case)
    if "bench" not in inspect.signature(method).parameters:
        method(**arguments)
        return
    with open_bench(platform, settings=made.settings, credentials=made.credentials) as bench:
        method(bench=bench, **arguments)


def sending(send: Send) -> Platform:
    """Return the toy platform with another way of sending."""

    class Sender(ToyConversions):
        def send(self, request: SendRequest) -> Sequence[Outcome]:
            return send(request)

    return replace(TOY, conversions=Sender())


def building(build: Callable[[Conversion, dict[str, Any]], dict[str, Any]]) -> Platform:
    """Return the toy platform with something done to every event it builds."""

    class Sender(ToyConversions):
        def build(self, item: Conversion) -> dict[str, Any]:
            return build(item, super().build(item))

    return replace(TOY, conversions=Sender())


def good(request: SendRequest) -> Sequence[Outcome]:
    """Send as the toy platform does."""
    return ToyConversions().send(request)


def catching(kind: type[AdrailError], other: Callable[[AdrailError, SendRequest], Sequence[Outcome]]) -> Platform:
    """Return the toy platform with an error turned into something else."""

    def send(request: SendRequest) -> Sequence[Outcome]:
        try:
            return good(request)
        except kind as error:
            return other(error, request)

    return sending(send)


def forgets_one(request: SendRequest) -> Sequence[Outcome]:
    return good(request)[:-1]


def answers_text(request: SendRequest) -> Sequence[Any]:
    return ["accepted"] * len(request.items)


def gives_no_reason(request: SendRequest) -> Sequence[Outcome]:
    return [Ignored("")] * len(request.items)


def invents_a_code(request: SendRequest) -> Sequence[Outcome]:
    return [Invalid("/x", "refused", "E-4711")] * len(request.items)


def crashes(request: SendRequest) -> Sequence[Outcome]:
    raise KeyError(str(request))


def knocks_with_nothing(request: SendRequest) -> Sequence[Outcome]:
    if not request.items:
        post(request.transport, request.credentials["token"], [])
    return good(request)


def cuts_what_is_too_much(request: SendRequest) -> Sequence[Outcome]:
    good(replace(request, items=request.items[:10]))
    return [Accepted()] * len(request.items)


def sends_before_it_counts(request: SendRequest) -> Sequence[Outcome]:
    if len(request.items) > 10:
        good(replace(request, items=request.items[:10]))
        raise InvalidPayloadError("too many", code="refused")
    return good(request)


def loses_the_order(request: SendRequest) -> Sequence[Outcome]:
    return sorted(good(request), key=lambda outcome: type(outcome).__name__)


def sends_whatever_it_is_given(request: SendRequest) -> Sequence[Outcome]:
    post(request.transport, request.credentials["token"], [ToyConversions().build(item) for item in request.items])
    return [Accepted()] * len(request.items)


def never_asks_for_a_token(request: SendRequest) -> Sequence[Outcome]:
    post(request.transport, request.credentials.get("token", "none"), [])
    return [Accepted()] * len(request.items)


def believes_anybody(error: AdrailError, request: SendRequest) -> Sequence[Outcome]:
    return [Accepted()] * len(request.items)


def gives_up(error: AdrailError, request: SendRequest) -> Sequence[Outcome]:
    raise InvalidPayloadError("it did not work", code="refused")


def waits_a_little(error: AdrailError, request: SendRequest) -> Sequence[Outcome]:
    raise ThrottledError("wait", retry_after=1.0, code="slow")


def tries_again_for_ever(error: AdrailError, request: SendRequest) -> Sequence[Outcome]:
    return [Retry("later", "away")] * len(request.items)


def blames_everybody(request: SendRequest) -> Sequence[Outcome]:
    outcomes = good(request)
    refused = next((outcome for outcome in outcomes if isinstance(outcome, Invalid)), None)
    return outcomes if refused is None else [refused] * len(outcomes)


def blames_by_what_was_sent(request: SendRequest) -> Sequence[Outcome]:
    outcomes = good(request)
    sent = [outcome for outcome in outcomes if not isinstance(outcome, Ignored)]
    for place, outcome in enumerate(sent):
        if isinstance(outcome, Invalid):
            raise InvalidPayloadError("one was refused", code="refused", index=place)
    return outcomes


def unpacks_its_settings(request: SendRequest) -> Sequence[Outcome]:
    def known(window: int = 1, factor: str = "", domains: object = (), enhanced: bool = True) -> None:
        del window, factor, domains, enhanced

    try:
        known(**request.connection.settings)
    except TypeError as error:
        raise RetryableError("settings cannot be read", code="away") from error
    return good(request)


def quotes_the_buyer(error: AdrailError, request: SendRequest) -> Sequence[Outcome]:
    email = request.items[0].user.email
    raise RetryableError(f"could not send {email.reveal() if email else ''}", code="away")


def drags_its_context_along(error: AdrailError, request: SendRequest) -> Sequence[Outcome]:
    raise RetryableError("could not send", code="away") from ValueError(request.items[0].source_url)


def logs_the_token(request: SendRequest) -> Sequence[Outcome]:
    log.debug("sending with %s", dict(request.credentials))
    return good(request)


def shows_the_token(request: SendRequest) -> Sequence[Outcome]:
    return [Auth(f"refused: {request.credentials['token']}", "token")] * len(request.items)


class Hoarder(ToyConversions):
    """Sends what it was given once more with the next call."""

    def __init__(self) -> None:
        self.queue: list[Conversion] = []

    def send(self, request: SendRequest) -> Sequence[Outcome]:
        """Send old and new."""
        self.queue += request.items
        post(request.transport, request.credentials["token"], [self.build(item) for item in self.queue])
        return [Accepted()] * len(request.items)


class Talker(ToyConversions):
    """Asks the platform for a preview and shows the token in it."""

    def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
        """Show too much."""
        return [{"token": request.credentials["token"]}] * len(request.items)


def with_random_id(item: Conversion, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "id": str(uuid.uuid4())}


def with_float(item: Conversion, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "amount": float(item.value or Decimal(0))}


def with_clear_email(item: Conversion, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "email": item.user.email.reveal() if item.user.email else ""}


def with_clear_phone(item: Conversion, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "tel": item.user.phone.reveal().removeprefix("+40") if item.user.phone else ""}


def without_purpose(item: Conversion, event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("purpose", "email")}


def with_email_always(item: Conversion, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "email": "0" * 64}
