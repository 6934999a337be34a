"""One call after the other to a plugin, outside any transaction: divides a refused batch, masks what plugins say."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from adrail import (
    AdrailError,
    Auth,
    AuthError,
    Conversion,
    ConversionSender,
    Credentials,
    Ignored,
    Invalid,
    InvalidPayloadError,
    NotSupportedError,
    Outcome,
    Retry,
    SendRequest,
    Throttled,
    ThrottledError,
)
from core.delivery import metrics, reasons
from core.delivery.masking import Mask
from core.observability.exceptions import type_and_place

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one item: the outcome with masked texts, and the call it came from."""

    outcome: Outcome
    at: datetime
    duration_ms: int
    reference: str | None = None
    sent: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What came of one call: an outcome per item, None for those that must be sent once more."""

    outcomes: Sequence[Outcome | None]
    at: datetime
    duration_ms: int
    reference: str | None

    def again(self, places: Sequence[int]) -> list[Sequence[int]]:
        """Return the calls that the items without outcome need: one when somebody was blamed, else two halves."""
        left = [place for place, outcome in zip(places, self.outcomes, strict=True) if outcome is None]
        if len(left) < len(places):
            return [left] if left else []
        middle = len(left) // 2
        return [left[:middle], left[middle:]]


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends to one connection through one plugin; ``may_go_on`` is asked before every call."""

    sender: ConversionSender
    platform: str
    plugin: str
    may_go_on: Callable[[], bool]

    def deliver(self, request: SendRequest) -> list[Answer | None]:
        """Send all items in calls of a size the platform takes; None stands for an item that was not tried."""
        mask = Mask(request.items, request.credentials)
        previews = self._previews(request)
        answers: list[Answer | None] = [None] * len(request.items)
        waiting = deque(_chunks(previews, self.sender.limits.max_batch, self.sender.limits.max_bytes))
        while waiting and self.may_go_on():
            places = waiting.popleft()
            call = self._call(replace(request, items=[request.items[place] for place in places]))
            waiting.extendleft(reversed(call.again(places)))
            for place, outcome in zip(places, call.outcomes, strict=True):
                if outcome is not None:
                    # What a plugin left out on purpose was never sent, whatever it would have looked like.
                    left = not isinstance(outcome, Ignored)
                    sent = _shown(previews[place], request.items[place], request.credentials) if left else None
                    answers[place] = Answer(_masked(outcome, mask), call.at, call.duration_ms, call.reference, sent)
            if stops([outcome for outcome in call.outcomes if outcome is not None]):
                break
        return answers

    def _previews(self, request: SendRequest) -> Sequence[Mapping[str, Any] | None]:
        """What each item looks like on the wire; a plugin that cannot say so still gets to send."""
        try:
            previews = self.sender.preview(request)
        except Exception as exc:  # noqa: BLE001 - a foreign plugin must not stop the delivery
            log.warning("preview failed", plugin=self.plugin, error=type_and_place(exc))
            return [None] * len(request.items)
        return previews if len(previews) == len(request.items) else [None] * len(request.items)

    def _call(self, request: SendRequest) -> Call:
        at, started = datetime.now(UTC), time.perf_counter()
        outcomes, reference = self._outcomes(request)
        seconds = time.perf_counter() - started
        metrics.ATTEMPT_SECONDS.labels(platform=self.platform).observe(seconds)
        return Call(outcomes, at, round(seconds * 1000), reference)

    def _outcomes(self, request: SendRequest) -> tuple[Sequence[Outcome | None], str | None]:
        """Return an outcome per item and a reference to the call; None for items that must be sent once more."""
        count = len(request.items)
        try:
            outcomes = list(self.sender.send(request))
        except InvalidPayloadError as exc:
            return _blame(exc, count), exc.reference or None
        except AdrailError as exc:
            return [_outcome_of(exc)] * count, exc.reference or None
        except Exception as exc:  # noqa: BLE001 - whatever a foreign plugin does wrong, no delivery may be lost
            # Its text may quote anything, so only its type and place are kept.
            where = type_and_place(exc)
            log.error("plugin failed while sending", plugin=self.plugin, error=where)  # noqa: TRY400
            return [Retry(f"the plugin failed: {where}")] * count, None
        if len(outcomes) == count and all(isinstance(outcome, Outcome) for outcome in outcomes):
            return outcomes, None
        kinds = sorted({type(outcome).__name__ for outcome in outcomes})
        log.error("plugin did not answer an outcome per item", plugin=self.plugin, items=count, got=kinds)
        return [Retry(f"the plugin did not answer {count} outcomes for {count} items")] * count, None


def _blame(error: InvalidPayloadError, count: int) -> list[Outcome | None]:
    """The platform refuses a request as a whole for what one item says: only that one may die of it."""
    guilty = 0 if count == 1 else error.index
    outcomes: list[Outcome | None] = [None] * count
    if guilty is not None and 0 <= guilty < count:
        outcomes[guilty] = Invalid(error.pointer, str(error), error.code)
    return outcomes


def _outcome_of(error: AdrailError) -> Outcome:
    """Turn what a plugin raised for the whole call into what it means for each item."""
    match error:
        case AuthError():
            return Auth(str(error), error.code)
        case ThrottledError():
            return Throttled(error.retry_after, str(error))
        case NotSupportedError():
            return Ignored(reasons.NOT_TAKEN)
        case _:
            return Retry(str(error), error.code)


def stops(outcomes: Sequence[Outcome]) -> bool:
    """Whether nothing more should be sent for now: the connection is refused or throttled, or nobody can be reached."""
    return unreachable(outcomes) or any(isinstance(outcome, Auth | Throttled) for outcome in outcomes)


def unreachable(outcomes: Sequence[Outcome]) -> bool:
    """Whether everything that was tried failed on the way."""
    return bool(outcomes) and all(isinstance(outcome, Retry) for outcome in outcomes)


def _chunks(previews: Sequence[Mapping[str, Any] | None], max_items: int, max_bytes: int) -> list[Sequence[int]]:
    chunks: list[Sequence[int]] = []
    start, size = 0, 0
    for position, preview in enumerate(previews):
        weight = len(orjson.dumps(preview, default=str)) if preview is not None else 0
        if position > start and (position - start >= max_items or size + weight > max_bytes):
            chunks.append(range(start, position))
            start, size = position, 0
        size += weight
    return [*chunks, range(start, len(previews))] if previews else []


def _shown(preview: Mapping[str, Any] | None, item: Conversion, credentials: Credentials) -> Mapping[str, Any] | None:
    # What one item looks like can only quote its own identifiers; a text about the call may quote anybody's.
    shown: Mapping[str, Any] | None = None if preview is None else Mask([item], credentials).payload(preview)
    return shown


def _masked(outcome: Outcome, mask: Mask) -> Outcome:
    match outcome:
        case Ignored(reason=why) | Throttled(reason=why):
            return replace(outcome, reason=mask.message(why))
        case Retry(reason=why, code=code) | Auth(reason=why, code=code) | Invalid(reason=why, code=code):
            return replace(outcome, reason=mask.message(why), code=mask.message(code))
    return outcome
