"""What checking an event costs beside parsing it, in this process alone."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.bench.requests import event
from tests.installation import Installation
from tracking.registry import registry
from tracking.registry.check import check_event
from tracking.registry.limits import is_plain

ROUNDS, TIMES = 5, 4_000


def collector_checking(installation: Installation, seconds: float) -> dict[str, Any]:
    """Microseconds of one event: parsed, valid for the schema, and checked whole, bounds and times included."""
    decided_at = datetime.now(UTC).isoformat()
    text = orjson.dumps(event(installation.facts, uuid.uuid4().hex, 0, decided_at))
    body, known, now = orjson.loads(text), registry(), datetime.now(UTC)
    spec = known.find(body["event_name"], 1)
    assert spec is not None

    def whole() -> None:
        assert check_event(known, body, trusted=False, now=now, plain=is_plain(text)).spec is spec

    parts = {
        "parse_us": _microseconds(lambda: orjson.loads(text)),
        "schema_us": _microseconds(lambda: spec.validator.is_valid(body)),
        "check_us": _microseconds(whole),
    }
    ratio = round(parts["schema_us"] / parts["parse_us"], 2)
    return {"value": ratio, "unit": "schema check / parse", "bytes": len(text), "n": ROUNDS * TIMES, **parts}


def _microseconds(work: Callable[[], object]) -> float:
    """CPU time of one, in the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(TIMES):
            work()
        best = min(best, (time.process_time() - started) / TIMES)
    return round(best * 1e6, 2)


BENCHMARKS = (collector_checking,)
