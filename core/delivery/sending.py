"""One call after the other to a plugin, outside any transaction: halves a refused batch, masks what plugins say."""

from __future__ import annotations

import time
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
    ConversionSender,
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
        answers: list[Answer | None] = []
        for chunk in _chunks(previews, self.sender.limits.max_batch, self.sender.limits.max_bytes):
            if any(answer and stops(answer.outcome) for answer in answers):
                answers.extend([None] * len(chunk))
                continue
            part = replace(request, items=request.items[chunk.start : chunk.stop])
            answers.extend(self._send(part, mask))
        return [
            answer and replace(answer, sent=None if preview is None else mask.payload(preview))
            for answer, preview in zip(answers, previews, strict=True)
        ]

    def _previews(self, request: SendRequest) -> Sequence[Mapping[str, Any] | None]:
        """What each item looks like on the wire; a plugin that cannot say so still gets to send."""
        try:
            previews = self.sender.preview(request)
        except Exception as exc:  # noqa: BLE001 - a foreign plugin must not stop the delivery
            log.warning("preview failed", plugin=self.plugin, error=type_and_place(exc))
            return [None] * len(request.items)
        return previews if len(previews) == len(request.items) else [None] * len(request.items)

    def _send(self, request: SendRequest, mask: Mask) -> list[Answer | None]:
        if not self.may_go_on():
            return [None] * len(request.items)
        at, started = datetime.now(UTC), time.perf_counter()
        answered = self._call(request)
        seconds = time.perf_counter() - started
        metrics.ATTEMPT_SECONDS.labels(platform=self.platform).observe(seconds)
        if answered is None:
            return self._halves(request, mask)
        outcomes, reference = answered
        return [Answer(_masked(item, mask), at, round(seconds * 1000), reference) for item in outcomes]

    def _halves(self, request: SendRequest, mask: Mask) -> list[Answer | None]:
        """The platform refuses a request as a whole for what one item says: only that one may die of it."""
        middle = len(request.items) // 2
        first = self._send(replace(request, items=request.items[:middle]), mask)
        if any(answer and stops(answer.outcome) for answer in first):
            return [*first, *[None] * (len(request.items) - middle)]
        return [*first, *self._send(replace(request, items=request.items[middle:]), mask)]

    def _call(self, request: SendRequest) -> tuple[Sequence[Outcome], str | None] | None:
        """Return the outcomes and a reference to the call, or None when the batch has to be halved."""
        count = len(request.items)
        try:
            outcomes = self.sender.send(request)
        except AdrailError as exc:
            if isinstance(exc, InvalidPayloadError) and count > 1:
                return None
            return [_outcome_of(exc)] * count, exc.reference or None
        except Exception as exc:  # noqa: BLE001 - whatever a foreign plugin does wrong, no delivery may be lost
            # Its text may quote anything, so only its type and place are kept.
            log.error("plugin failed while sending", plugin=self.plugin, error=type_and_place(exc))  # noqa: TRY400
            return [Retry(f"the plugin failed: {type_and_place(exc)}")] * count, None
        if len(outcomes) != count:
            log.error("plugin answered the wrong number", plugin=self.plugin, items=count, got=len(outcomes))
            return [Retry(f"the plugin answered {len(outcomes)} outcomes for {count} items")] * count, None
        return outcomes, None


def _outcome_of(error: AdrailError) -> Outcome:
    """Turn what a plugin raised for the whole call into what it means for each item."""
    match error:
        case InvalidPayloadError():
            return Invalid(error.pointer, str(error), error.code)
        case AuthError():
            return Auth(str(error), error.code)
        case ThrottledError():
            return Throttled(error.retry_after, str(error))
        case NotSupportedError():
            return Ignored(reasons.NOT_TAKEN)
        case _:
            return Retry(str(error), error.code)


def stops(outcome: Outcome) -> bool:
    """Whether an outcome concerns the connection, so that nothing more should be sent through it for now."""
    return isinstance(outcome, Auth | Throttled)


def _chunks(previews: Sequence[Mapping[str, Any] | None], max_items: int, max_bytes: int) -> list[range]:
    chunks, start, size = [], 0, 0
    for position, preview in enumerate(previews):
        weight = len(orjson.dumps(preview, default=str)) if preview is not None else 0
        if position > start and (position - start >= max_items or size + weight > max_bytes):
            chunks.append(range(start, position))
            start, size = position, 0
        size += weight
    return [*chunks, range(start, len(previews))] if previews else []


def _masked(outcome: Outcome, mask: Mask) -> Outcome:
    match outcome:
        case Ignored(reason=why) | Throttled(reason=why):
            return replace(outcome, reason=mask.message(why))
        case Retry(reason=why, code=code) | Auth(reason=why, code=code) | Invalid(reason=why, code=code):
            return replace(outcome, reason=mask.message(why), code=mask.message(code))
    return outcome
