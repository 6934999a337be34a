"""What a failure to store means: the servers are away, somebody was in the way, or the events cannot be stored."""

from __future__ import annotations

from enum import Enum

import psycopg
import redis
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# PostgreSQL error codes (Appendix A): the first two characters are the class.
OF_THE_DATA = frozenset({"21", "22", "23", "54"})
OF_CONTENTION = frozenset({"40"})
STATEMENT_TIMEOUT, LOCK_TIMEOUT = "57014", "55P03"


class Trouble(Enum):
    """What to do: wait for the servers, try again a few times, or set aside."""

    AWAY = "away"
    CONTENTION = "contention"
    POISON = "poison"


def classify(exc: Exception) -> Trouble:
    """Judge what `ingest` raised.

    An error of the database that is not about the data (it is down, read-only, full, not migrated, forbids) concerns
    every event alike: waiting loses nothing, setting aside would empty the stream.
    """
    if isinstance(exc, redis.RedisError | PoolTimeoutError):
        return Trouble.AWAY
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    if not isinstance(cause, psycopg.Error):
        return Trouble.POISON
    state = cause.sqlstate
    if state is None:  # not the server's word
        return Trouble.AWAY if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) else Trouble.POISON
    if state[:2] in OF_THE_DATA:
        return Trouble.POISON
    if state[:2] in OF_CONTENTION or state in {STATEMENT_TIMEOUT, LOCK_TIMEOUT}:
        return Trouble.CONTENTION
    return Trouble.AWAY


def describe(exc: Exception) -> str:
    """Type and error code, never the message: it may quote what a visitor wrote."""
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    state = getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__} {state}" if state else type(cause).__name__
