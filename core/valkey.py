"""The Valkey connection of this process and the names of its keys."""

from __future__ import annotations

import functools

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from core.config import settings


@functools.cache
def client() -> redis.Redis:
    """A pooled client that answers bytes; safe to share between threads, made anew after `fork`."""
    return redis.Redis.from_url(
        settings().redis_url.get_secret_value(),
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
        retry_on_error=[redis.exceptions.ConnectionError],
    )


@functools.cache
def blocking_client() -> redis.Redis:
    """A client without read time-out, for blocking reads and pub/sub."""
    return redis.Redis.from_url(settings().redis_url.get_secret_value(), socket_timeout=None, socket_connect_timeout=2)


def stream_name(shard: int) -> str:
    """The stream that carries accepted events of one shard."""
    return f"adrail:events:{shard}"
