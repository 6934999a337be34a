"""Copies of sites in Valkey: a process that never met a write key knows it while the database is away."""

from __future__ import annotations

import contextlib
from typing import Any

import orjson
import redis

from core.security.tokens import key_hash
from core.valkey import client

KEPT_SECONDS = 86_400


def remember(write_key: str, site: dict[str, Any] | None) -> None:
    """Keep what the database said, None for «no such site»; without Valkey nothing is kept."""
    with contextlib.suppress(redis.RedisError):
        if site is None:
            client().delete(_name(write_key))
        else:
            client().set(_name(write_key), orjson.dumps(site), ex=KEPT_SECONDS)


def recall(write_key: str) -> dict[str, Any] | None:
    """What the database said last, at most a day ago; None when nothing is known."""
    with contextlib.suppress(redis.RedisError, orjson.JSONDecodeError):
        copy = client().get(_name(write_key))
        if isinstance(copy, bytes):
            site: dict[str, Any] = orjson.loads(copy)
            return site
    return None


def _name(write_key: str) -> str:
    return f"adrail:site:{key_hash(write_key).hex()}"
