"""The Valkey connection of this process and the names of its keys."""

from __future__ import annotations

import functools
import os
import secrets
import socket
from collections.abc import Iterable

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from core.config import settings


@functools.cache
def client() -> redis.Redis:
    """A pooled client that answers bytes; safe to share between threads, made anew after `fork`."""
    return redis.Redis.from_url(
        settings().redis_url.get_secret_value(),
        client_name=process_name(),
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=30,
        # A server that does not answer in time may have done what it was told: once more would be twice.
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2, supported_errors=(redis.exceptions.ConnectionError,)),
        retry_on_error=[redis.exceptions.ConnectionError],
    )


@functools.cache
def blocking_client() -> redis.Redis:
    """A client without read time-out, for blocking reads and pub/sub."""
    return redis.Redis.from_url(
        settings().redis_url.get_secret_value(),
        client_name=process_name(),
        socket_timeout=None,
        socket_connect_timeout=2,
    )


def stream_name(shard: int) -> str:
    """The stream that carries accepted events of one shard."""
    return f"adrail:events:{shard}"


def lane_name(stream: str, tenant_id: int) -> str:
    """The stream that carries what one tenant has waiting, while the one of its shard is crowded."""
    return f"{stream}:{tenant_id}"


@functools.cache
def process_name() -> str:
    """The name of this process, which no other one ever had; its connections carry it."""
    return f"adrail-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def mark() -> str:
    """A new mark for something this process takes; `ended` tells from it whether the process still lives."""
    return f"{process_name()}/{secrets.token_hex(4)}"


def ended(marks: Iterable[str]) -> set[str]:
    """Those of some marks whose process has no connection any more; raises `redis.RedisError` when Valkey is away.

    A process that lost its connections and is about to make new ones counts as ended, too: take over only what may be
    done twice. What is no mark is left out, and a server that does not tell who is connected makes all count as alive.
    """
    wanted = {text for text in marks if "/" in text}
    if not wanted:
        return set()
    try:
        connected = {str(item["name"]).partition("/")[0] for item in client().client_list()}
    except redis.ResponseError:  # managed servers may forbid the question
        return set()
    return {text for text in wanted if text.partition("/")[0] not in connected}
