"""The bounds of what is remembered."""

from __future__ import annotations

from adrail.sandbox import SandboxRequest, SandboxResponse
from adrail.sandbox.records import RequestLog
from tests.sdk.python.sandboxes import NOW


def add(log: RequestLog, body: bytes = b"", platform: str = "plain") -> None:
    request = SandboxRequest("POST", "/api", {}, {}, body, NOW)
    log.add(platform, request, SandboxResponse(200), "accepted")


def test_the_oldest_go_when_there_are_too_many() -> None:
    log = RequestLog(max_records=3)
    for _ in range(5):
        add(log)
    assert [record.id for record in log.select()] == [3, 4, 5]
    assert log.totals() == {"plain": 5}


def test_the_oldest_go_when_they_weigh_too_much() -> None:
    log = RequestLog(max_bytes=100)
    for _ in range(5):
        add(log, b"x" * 40)
    assert [record.id for record in log.select()] == [4, 5]
    add(log, b"x" * 200)
    assert log.select() == []


def test_clearing_frees_the_weight() -> None:
    log = RequestLog(max_bytes=100)
    add(log, b"x" * 90)
    log.clear()
    add(log, b"x" * 90)
    assert [record.id for record in log.select()] == [2]
    assert log.totals() == {"plain": 1}


def test_a_limit_of_nought_returns_nothing() -> None:
    log = RequestLog()
    add(log)
    assert log.select(limit=0) == []
