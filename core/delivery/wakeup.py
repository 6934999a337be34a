"""Waking and timing of delivery jobs: at most one at work and one waiting per connection, and no row forgotten.

A job may be just finishing while a new row arrives, and a job id alone cannot tell: RQ knows the job as started, so a
second one is either refused, and the row waits for the sweep, or enqueued once for every event. Hence a flag in Valkey:

- `wake` sets it after the rows are committed, and enqueues a job only when it was not set before;
- a job clears it *before* each claim. Rows committed before that are seen by the claim; rows committed later come with
  a `wake` that finds the flag cleared and enqueues again;
- a job that finds another at work says so, tries once more, leaves the flag standing and ends. The one at work looks
  for that word after it has given up its turn, and enqueues. It does not look at the flag: behind a flag there may be
  a job in the queue already, and two for one would become four.

So whenever the flag stands, somebody will clear it and claim after that. A turn carries the mark of its process; when
that has ended, the next job takes it over with all that is leased. All keys expire: after a crash, or when Valkey lost
them, a timer or the sweep comes, and running twice does no harm, because rows are claimed with SKIP LOCKED.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from core.jobs import CONVERSIONS, enqueue, enqueue_in
from core.valkey import client, ended, mark

DELIVER = "core.delivery.jobs.deliver"
FLAG_SECONDS = 60
TURN_SECONDS = 60
SIGN_SECONDS = 10
EARLY_SECONDS = 1.5
"""RQ keeps whole seconds: a timer may go off up to one too early, and must then not be taken for one still to come."""

log = structlog.get_logger(__name__)


def wake(tenant_id: int, connection_ids: Iterable[int]) -> None:
    """Have the due rows of connections sent; call it after their commit. Never fails: the sweep is the safety net."""
    wanted = list(dict.fromkeys(connection_ids))
    try:
        flags = client().pipeline(transaction=False)
        for connection_id in wanted:
            flags.set(_key("wake", tenant_id, connection_id), 1, nx=True, ex=FLAG_SECONDS)
        for connection_id, was_down in zip(wanted, flags.execute(), strict=True):
            if was_down:
                enqueue(CONVERSIONS, DELIVER, tenant_id, connection_id)
    except RedisError as exc:
        log.warning("deliveries wait for the sweep: no job could be enqueued", tenant_id=tenant_id, error=str(exc))


def wake_anyway(tenant_id: int, connection_id: int) -> None:
    """Wake a connection even if its flag stands: the job that should clear it may have died with its worker."""
    try:
        clear(tenant_id, connection_id)
    except RedisError as exc:
        log.warning("deliveries wait for the next sweep", tenant_id=tenant_id, error=str(exc))
        return
    wake(tenant_id, [connection_id])


def clear(tenant_id: int, connection_id: int) -> None:
    """Answer to what woke us; call it right before a claim."""
    client().delete(_key("wake", tenant_id, connection_id))


class Turn:
    """The right of one job to work on a connection; lost after a minute without a sign of life.

    ``inherited``: the job that had it before died at work, and nobody is at work on what it leased.
    """

    def __init__(self, lock: Lock, *, inherited: bool) -> None:
        self.inherited = inherited
        self._lock = lock
        self._prolonged = time.monotonic()

    def prolong(self) -> None:
        """Give a sign of life, unless the last one is young."""
        if time.monotonic() - self._prolonged < SIGN_SECONDS:
            return
        self._prolonged = time.monotonic()
        try:
            self._lock.reacquire()
        except (LockError, RedisError):
            log.info("another job may be at work on the same connection; rows are safe, each is leased to one")


@contextmanager
def turn(tenant_id: int, connection_id: int) -> Iterator[Turn | None]:
    """Take the turn for a connection, or yield None when another job has it, which then has somebody come again."""
    lock = client().lock(
        _key("turn", tenant_id, connection_id), timeout=TURN_SECONDS, blocking=False, thread_local=False
    )
    missed = _key("missed", tenant_id, connection_id)
    inherited = not lock.acquire(token=mark()) and _inherit(lock)
    if lock.local.token is None:
        client().set(missed, 1, ex=FLAG_SECONDS)
        lock.acquire(token=mark())  # it may have been given up just before that word
    if lock.local.token is None:
        # Its holder may have crashed without looking for the word: come back when its turn has run out.
        wake_in(tenant_id, connection_id, timedelta(seconds=TURN_SECONDS))
        yield None
        return
    try:
        yield Turn(lock, inherited=inherited)
    finally:
        _give_up(lock)
    if client().getdel(missed):
        enqueue(CONVERSIONS, DELIVER, tenant_id, connection_id)


def _inherit(lock: Lock) -> bool:
    """Take the turn over from a job whose process has ended; says whether it is ours now."""
    holder = client().get(lock.name)
    if not isinstance(holder, bytes) or not ended([holder.decode()]):
        return False
    lock.local.token = holder
    with suppress(LockError):  # somebody else was quicker
        lock.release()
    lock.local.token = None
    return bool(lock.acquire(token=mark()))


def _give_up(lock: Lock) -> None:
    try:
        lock.release()
    except LockError:
        log.info("the turn had run out before it was given up")


def wake_in(tenant_id: int, connection_id: int, delay: timedelta) -> None:
    """Have a job come back after ``delay``; one that comes sooner makes this one unnecessary."""
    seconds = int(delay.total_seconds()) + 1
    key, now = _key("timer", tenant_id, connection_id), time.time()
    due, planned = now + seconds, float(client().get(key) or 0)
    if not now + EARLY_SECONDS < planned <= due:
        client().set(key, due, ex=seconds)
        enqueue_in(timedelta(seconds=seconds), CONVERSIONS, DELIVER, tenant_id, connection_id)


def _key(kind: str, tenant_id: int, connection_id: int) -> str:
    return f"adrail:deliver:{kind}:{tenant_id}:{connection_id}"
