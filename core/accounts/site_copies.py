"""Copies of sites in Valkey: a process that never met a write key knows it while the database is away.

Beside them stands when each write key was last used.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import orjson
import redis

from core.security.tokens import key_hash
from core.valkey import client

KEPT_SECONDS = 86_400


USED_SECONDS = 90 * KEPT_SECONDS


def remember(write_key: str, site: dict[str, Any] | None) -> None:
    """Keep what the database said, None for «no such site»; without Valkey nothing is kept.

    Every process asks at most once a minute for a key that is in use, so this is also when a key was last used.
    """
    with contextlib.suppress(redis.RedisError):
        if site is None:
            client().delete(_name(write_key))
        else:
            client().set(_name(write_key), orjson.dumps(site), ex=KEPT_SECONDS)
            client().set(_used(write_key), int(datetime.now(UTC).timestamp()), ex=USED_SECONDS)


def last_used(write_key: str) -> datetime | None:
    """When a write key was last used, to the minute; None when it was not within 90 days, or Valkey does not say."""
    with contextlib.suppress(redis.RedisError, ValueError):
        at = client().get(_used(write_key))
        if isinstance(at, bytes):
            return datetime.fromtimestamp(int(at), UTC)
    return None


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


def _used(write_key: str) -> str:
    return f"adrail:site-used:{key_hash(write_key).hex()}"
