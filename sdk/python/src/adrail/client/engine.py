"""What to send next and what an answer means, without any network: the same for both clients."""

from __future__ import annotations

import gzip
import json
import logging
import math
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from adrail.client.errors import ApiError
from adrail.client.spool import Spool

PATH = "/api/tx/events/batch"
MOST_EVENTS = 100
MOST_BYTES = 900_000
"""Below the collector's limit of 1 MiB, which counts what was decompressed."""
COMPRESS_FROM = 1_400
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
REFUSED_PAUSE = 60.0
MOST_WAIT = 3600.0
"""Whatever a server asks for, after an hour it is asked again."""

log = logging.getLogger("adrail.client")


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event the server will never take: its own code, and what is wrong with each field."""

    event_id: str
    code: str
    errors: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


OnRejected = Callable[[Rejection], None]


class Engine:
    """Takes batches from a spool and judges answers; one caller at a time may ask and answer."""

    def __init__(self, spool: Spool, on_rejected: OnRejected | None = None, batch_size: int = MOST_EVENTS) -> None:
        if not 1 <= batch_size <= MOST_EVENTS:
            raise ValueError(f"batch_size is {batch_size}; the server takes 1 to {MOST_EVENTS} events at once")
        self.spool = spool
        self.batch_size = batch_size
        self.problem: ApiError | None = None
        """Why the server refuses everything at the moment, such as a key that was revoked."""
        self._on_rejected = on_rejected or _log_rejection
        self._most = batch_size
        self._batch: Sequence[bytes] = ()
        self._failures = 0
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._lock = threading.Lock()

    def next_request(self) -> tuple[bytes, dict[str, str]] | None:
        """Return body and headers of the next request, None when nothing waits."""
        with self._lock:
            self._batch = _fitting(self.spool.head(self._most))
            if not self._batch:
                return None
        sent_at = datetime.now(UTC).isoformat()
        head = f'{{"sent_at":"{sent_at}","sdk":"{_agent()}","events":['.encode()
        body = head + b",".join(self._batch) + b"]}"
        headers = {"Content-Type": "application/json", "User-Agent": _agent()}
        if len(body) >= COMPRESS_FROM:
            body = gzip.compress(body, 3, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return body, headers

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> float:
        """Take an answer in; returns the seconds to wait before the next request."""
        if status == 202:
            return self._taken(body)
        if status in {400, 413}:
            return self._smaller(status, body)
        if status in {401, 403, 404}:
            self.problem = problem_of(status, body)
            log.error("the server refuses everything: %s", self.problem)
            return REFUSED_PAUSE
        return self.failed(f"HTTP {status}", retry_after(headers))

    def failed(self, reason: str, at_least: float = 0.0) -> float:
        """Nothing useful came back; returns the seconds to wait before the same events go out again."""
        self._failures += 1
        ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures, 10))
        wait = max(at_least, self._random.uniform(0, ceiling))
        log.warning("events wait: %s; again in %.1f s (%d waiting)", reason, wait, len(self.spool))
        return wait

    def _taken(self, body: bytes) -> float:
        try:
            answer = json.loads(body)
            errors = [(int(item["index"]), str(item["code"]), list(item["errors"])) for item in answer["errors"]]
        except (ValueError, KeyError, TypeError):
            return self.failed("an answer 202 that is not the collector's")
        for index, code, problems in errors:
            self._reject(index, code, problems)
        self._done(len(self._batch))
        self._most = min(self.batch_size, self._most * 2)
        return 0.0

    def _smaller(self, status: int, body: bytes) -> float:
        """The request as a whole is too much, or one event spoils it for all: halve until the one is found."""
        if len(self._batch) > 1:
            self._most = max(1, len(self._batch) // 2)
            return 0.0
        problem = problem_of(status, body)
        self._reject(0, problem.code, problem.errors)
        self._done(1)
        return 0.0

    def _done(self, count: int) -> None:
        self.spool.drop(count)
        self._failures, self.problem, self._batch = 0, None, ()

    def _reject(self, index: int, code: str, problems: Sequence[Mapping[str, Any]]) -> None:
        event_id = str(json.loads(self._batch[index]).get("event_id", "")) if index < len(self._batch) else ""
        try:
            self._on_rejected(Rejection(event_id, code, tuple(problems)))
        except Exception:
            log.exception("on_rejected failed")


def problem_of(status: int, body: bytes) -> ApiError:
    """Read problem+json; an answer that is something else is quoted by its status alone."""
    try:
        problem = json.loads(body)
        return ApiError(status, str(problem["code"]), str(problem.get("detail", "")), problem.get("errors") or [])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiError(status, "unexpected_answer", "the answer is not adrail's; is the address right?")


def retry_after(headers: Mapping[str, str]) -> float:
    """The pause a server asks for, in seconds; 0 when it asks for none."""
    stated = headers.get("Retry-After", headers.get("retry-after", "0"))
    try:
        return _bounded(float(stated))
    except ValueError:
        pass
    try:
        return _bounded((parsedate_to_datetime(stated) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MOST_WAIT) if math.isfinite(seconds) else 0.0


def _fitting(events: Sequence[bytes]) -> Sequence[bytes]:
    size = 0
    for index, event in enumerate(events):
        size += len(event) + 1
        if size > MOST_BYTES and index > 0:
            return events[:index]
    return events


def _log_rejection(rejection: Rejection) -> None:
    fields = ", ".join(f"{item.get('pointer')}: {item.get('message')}" for item in rejection.errors)
    log.error("event %s was rejected: %s (%s)", rejection.event_id, rejection.code, fields)


def _agent() -> str:
    try:
        return f"adrail-python/{version('adrail')}"
    except PackageNotFoundError:
        return "adrail-python"
