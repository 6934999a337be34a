"""Calls that answer at once, such as orders: what to send, and whether an answer is one."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from adrail.client.engine import problem_of, retry_after
from adrail.client.envelope import encode

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Call:
    """One request; sending it twice does no harm."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]


def placing(order: Mapping[str, Any]) -> Call:
    """The call that reports an order; its own number makes repeats harmless."""
    return Call("POST", "/api/v1/orders", encode(order), _headers(f"order-{order.get('external_id', '')}"))


def changing(external_id: str, change: Mapping[str, Any]) -> Call:
    """The call that moves an order on; ``transition_id`` makes repeats harmless."""
    key = f"order-{external_id}-{change.get('transition_id', '')}"
    return Call("PATCH", f"/api/v1/orders/{quote(external_id, safe='')}", encode(change), _headers(key))


def judge(status: int, headers: Mapping[str, str], content: bytes, answer: Any, tries: int) -> tuple[Any, float | None]:
    """Return (answer, None) when it is one, (None, seconds) when to try again; raises `ApiError`."""
    if 200 <= status < 300:
        return answer, None
    if status in AGAIN:
        return None, max(retry_after(headers), pause(tries))
    raise problem_of(status, content)


def pause(tries: int) -> float:
    """Seconds before the next try: exponential with full jitter, at most ten."""
    return random.uniform(0, min(10.0, 0.25 * 2**tries))  # noqa: S311 - spreads retries, guards nothing


def _headers(key: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if key.isascii() and key.isprintable() and len(key) <= 200:
        headers["Idempotency-Key"] = key
    return headers
