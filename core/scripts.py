"""Lua scripts in Valkey, run on a connection that each thread keeps: the client's own way costs more than a script."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from typing import Any

import redis
from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError

from core.valkey import client

Argument = bytes | str | int

_kept = threading.local()


class Script:
    """One script. Every run is one round trip; the server learns the text when it does not know it yet."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()
        self._sha = hashlib.sha1(self._text, usedforsecurity=False).hexdigest().encode()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it and return its answer; raises `redis.RedisError`.

        A connection that was lost is made anew and the script run again, as the client does with commands.
        """
        operands = (len(keys), *keys, *arguments)
        try:
            return _ask(_packed((b"EVALSHA", self._sha, *operands)))
        except NoScriptError:
            return _ask(_packed((b"EVAL", self._text, *operands)))


def _ask(command: bytes) -> Any:
    connection = _connection()

    def ask() -> Any:
        connection.send_packed_command([command])
        return connection.read_response()

    def lost(_: Exception) -> None:
        connection.disconnect()

    return connection.retry.call_with_retry(ask, lost)


def _connection() -> Any:
    """The thread's own connection, of this process and of the server that settings name now."""
    pool = client().connection_pool
    known: tuple[int, redis.ConnectionPool, ConnectionInterface] | None = getattr(_kept, "value", None)
    if known is not None and known[1] is pool and known[0] == os.getpid():
        return known[2]
    connection = pool.get_connection()
    _kept.value = os.getpid(), pool, connection
    return connection


def _packed(words: Sequence[Argument]) -> bytes:
    """A command on the wire (RESP arrays of bulk strings)."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if type(word) is bytes else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)
