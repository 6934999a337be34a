"""Waiting until nothing is on its way any more, helping as people would: new tokens, replays of the dead."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import redis
import requests

from adrail.settings import setting_fields
from core.registry import registry
from tests.chaos.books import Books
from tests.chaos.checks import Before, violations
from tests.chaos.clock import jump
from tests.chaos.rail import Rail

QUIET_SECONDS = 120.0
# Real time without progress before the clock is moved.
STILL_SECONDS = 2.5
# Longer than any back-off.
AHEAD = timedelta(minutes=61)
AWAY = (psycopg.OperationalError, redis.RedisError, requests.RequestException)
FRESH_TOKEN = "FreshToken0123456789abcdefghij"

LEFT = """
SELECT (SELECT count(*) FROM event_outbox), count(*) FILTER (WHERE state = 'pending'),
  count(*) FILTER (WHERE state = 'dead') FROM conversion_deliveries"""
REFUSED = """
SELECT c.id, c.provider FROM event_tracking_codes c JOIN connections n ON n.id = c.connection_id
WHERE n.state = 'needs_reconnect'"""


@dataclass(slots=True)
class Calm:
    """How it became quiet, and what was wrong then."""

    seconds: float = 0.0
    waited_for: list[str] = field(default_factory=list)
    """What had not moved when the clock was set ahead, once per jump."""
    replayed: int = 0
    reconnected: int = 0
    violations: list[str] = field(default_factory=list)


def calm_down(rail: Rail, books: Books, before: Before) -> Calm:
    """Wait until all is quiet, then check everything."""
    calm = Calm()
    started = time.monotonic()
    _Quiet(rail, calm).wait()
    calm.seconds = time.monotonic() - started
    calm.violations += violations(rail, books, before)
    return calm


class _Quiet:
    def __init__(self, rail: Rail, calm: Calm) -> None:
        self._rail = rail
        self._calm = calm
        self._last: Any = None
        self._since = time.monotonic()

    def wait(self) -> None:
        """Return when all is quiet; what is left at the deadline becomes a violation."""
        deadline = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < deadline:
            try:
                left = self._left()
                left["not ready"] = self._rail.what_is_not_ready()
                if not any(left.values()):
                    return
                self._help(left)
            except AWAY as exc:
                left = {"away": type(exc).__name__}
            threading.Event().wait(0.1)
        self._calm.violations.append(f"not quiet after {QUIET_SECONDS:g} s: {left}")

    def _left(self) -> dict[str, Any]:
        [(outbox, pending, dead)] = self._rail.query(LEFT)
        with self._rail.valkey() as valkey:
            stream = sum(int(valkey.xlen(name)) for name in valkey.scan_iter("adrail:events:*", _type="stream"))
            jobs = sum(int(valkey.llen(name)) for name in valkey.scan_iter("rq:queue:*", _type="list"))
        return {"outbox": outbox, "stream": stream, "jobs": jobs, "pending": pending, "dead": dead}

    def _help(self, left: dict[str, Any]) -> None:
        if left["dead"]:
            self._replay()
        self._reconnect()
        if left != self._last:
            self._last, self._since = left, time.monotonic()
        elif time.monotonic() - self._since > STILL_SECONDS:
            jump(self._rail, AHEAD)
            self._calm.waited_for.append(", ".join(f"{number} {what}" for what, number in left.items() if number))
            self._since = time.monotonic()

    def _replay(self) -> None:
        for item in self._rail.call("GET", "/api/v1/deliveries", params={"state": "dead"}).json()["items"]:
            if item["reason"] != "invalid" or not item["detail"]:
                self._calm.violations.append(f"delivery {item['id']} died of {item['reason']}: {item['detail']}")
            answer = self._rail.call("POST", f"/api/v1/deliveries/{item['id']}/replay")
            self._calm.replayed += answer.json().get("replayed", 0)

    def _reconnect(self) -> None:
        for code_id, provider in self._rail.query(REFUSED):
            schema = registry().get(provider).settings
            body = {"settings": {item.name: FRESH_TOKEN for item, info in setting_fields(schema) if info.secret}}
            path = f"/api/marketplace-client/organizer/tracking-codes/{code_id}"
            answer = self._rail.call("PATCH", path, json=body)
            if answer.status_code == 200:
                self._calm.reconnected += 1
