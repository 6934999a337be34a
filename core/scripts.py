"""Lua scripts in Valkey, run on a connection that each thread keeps: the client's own way costs more than a script."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import redis
from redis.exceptions import NoScriptError

from core.valkey import client

Argument = bytes | str | int

_kept = threading.local()


class _Kept:
    """A connection that a thread holds until it ends: then whoever needs one next gets it."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self.process = os.getpid()
        self.pool = pool
        self.connection: Any = pool.get_connection()
        # At the process's end the system closes it.
        weakref.finalize(self, _give_back, self.process, pool, self.connection).atexit = False


def _give_back(process: int, pool: redis.ConnectionPool, connection: Any) -> None:
    if process == os.getpid():  # after a fork it is the parent's
        # A thread may end amid an answer, the rest of which nobody must take for theirs.
        connection.disconnect()
        pool.release(connection)


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
    known: _Kept | None = getattr(_kept, "value", None)
    if known is None or known.pool is not pool or known.process != os.getpid():
        known = _kept.value = _Kept(pool)
    return known.connection


def _packed(words: Sequence[Argument]) -> bytes:
    """A command on the wire (RESP arrays of bulk strings)."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        raw = word if type(word) is bytes else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)
