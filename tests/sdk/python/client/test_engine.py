"""What an answer means for the events that were sent."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from adrail import Event
from adrail.client.engine import MOST_BYTES, Engine, Rejection
from adrail.client.envelope import encode
from adrail.client.spool import MemorySpool

Answer = tuple[int, dict[str, str], bytes]


def engine_with(count: int, heard: list[Rejection], **payload: Any) -> Engine:
    engine = Engine(MemorySpool(1000), heard.append)
    for number in range(count):
        engine.spool.add(encode(Event("points_earned", {"number": number, **payload}).as_dict()))
    return engine


def sent(engine: Engine) -> list[dict[str, Any]]:
    request = engine.next_request()
    if request is None:
        return []
    body, headers = request
    raw = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
    events: list[dict[str, Any]] = json.loads(raw)["events"]
    return events


def exhaust(engine: Engine, server: Callable[[list[int]], Answer], most: int = 100) -> list[int]:
    """Talk to a server until nothing waits; returns the numbers of the events it took."""
    taken: list[int] = []
    for _ in range(most):
        numbers = [event["payload"]["number"] for event in sent(engine)]
        if not numbers:
            return taken
        status, headers, body = server(numbers)
        if status == 202:
            taken += numbers
        engine.answered(status, headers, body)
    raise AssertionError(f"still {len(engine.spool)} events after {most} requests")


ACCEPTED: Answer = (202, {}, b'{"errors": []}')


@pytest.mark.parametrize("status", [400, 413])
def test_one_event_that_spoils_the_request_is_found_and_the_others_get_through(status: int) -> None:
    heard: list[Rejection] = []
    problem = b'{"code": "too_large", "detail": "too much", "errors": [{"pointer": "/events", "message": "less"}]}'
    taken = exhaust(engine_with(60, heard), lambda numbers: (status, {}, problem) if 37 in numbers else ACCEPTED)
    assert sorted(taken) == [number for number in range(60) if number != 37]
    assert [(item.code, list(item.errors)) for item in heard] == [
        ("too_large", [{"pointer": "/events", "message": "less"}])
    ]


def test_a_refused_event_is_told_with_its_id_and_the_rest_counts_as_taken() -> None:
    heard: list[Rejection] = []
    engine = engine_with(3, heard)
    events = sent(engine)
    errors = [{"index": 1, "code": "invalid_event", "errors": [{"pointer": "/payload/reason", "rule": "required"}]}]
    assert engine.answered(202, {}, json.dumps({"errors": errors}).encode()) == 0
    assert [item.event_id for item in heard] == [events[1]["event_id"]]
    assert sent(engine) == []


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_trouble_keeps_events_and_waits_at_least_as_long_as_asked(status: int) -> None:
    engine = engine_with(2, [])
    before = sent(engine)
    assert engine.answered(status, {"Retry-After": "7"}, b"") >= 7
    assert sent(engine) == before


def test_pauses_grow_and_stay_within_a_minute() -> None:
    engine = engine_with(1, [])
    pauses = [engine.failed("away") for _ in range(200)]
    assert all(0 <= pause <= 60 for pause in pauses)
    assert max(pauses[:1]) <= 1
    assert max(pauses) > 20


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errors": 7}', b""])
def test_a_page_in_the_way_is_not_taken_for_an_answer(body: bytes) -> None:
    engine = engine_with(1, [])
    sent(engine)
    assert engine.answered(202, {}, body) > 0 or len(engine.spool) == 1
    assert len(engine.spool) == 1


def test_a_dead_key_is_told_and_loses_nothing() -> None:
    engine = engine_with(1, [])
    sent(engine)
    assert engine.answered(401, {}, b'{"code": "invalid_key", "detail": "revoked"}') >= 30
    assert [str(engine.problem), len(engine.spool)] == ["invalid_key (HTTP 401): revoked", 1]
    sent(engine)
    engine.answered(*ACCEPTED)
    assert [engine.problem, len(engine.spool)] == [None, 0]


def test_requests_stay_below_the_servers_limit() -> None:
    engine = engine_with(40, [], text="x" * 60_000)
    sizes = []
    while events := sent(engine):
        sizes.append(len(json.dumps(events)))
        engine.answered(*ACCEPTED)
    assert max(sizes) <= MOST_BYTES + 10_000
    assert len(sizes) < 40


@pytest.mark.parametrize("size", [0, 101])
def test_a_batch_size_the_server_would_refuse_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        Engine(MemorySpool(1), None, size)


@pytest.mark.parametrize(
    ("stated", "least", "most"),
    [("7", 7, 60), ("in 90 s", 89, 91), ("99999999", 3600, 3600), ("-5", 0, 1), ("soon", 0, 1), ("inf", 0, 1)],
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_time_gets_it(status: int, stated: str, least: float, most: float) -> None:
    engine = engine_with(1, [])
    sent(engine)
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=91), usegmt=True) if stated == "in 90 s" else stated
    assert least <= engine.answered(status, {"Retry-After": when}, b"") <= most
    assert len(sent(engine)) == 1, "what was not taken goes out again"


def test_pauses_grow_and_begin_anew_after_success() -> None:
    engine = engine_with(200, [])
    longest = 0.0
    for _ in range(30):
        sent(engine)
        longest = max(longest, engine.failed("away"))
    assert 1.0 < longest <= 60.0
    sent(engine)
    engine.answered(*ACCEPTED)
    assert engine.failed("away") <= 1.0
