"""The consumer-group reader: takes entries, stores them, acknowledges after commit, sets poison aside."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import redis
import structlog

from core.delivery.api import sweep, wake
from core.events.api import Entry, decode
from tracking.ingest.entries import Group, Item
from tracking.ingest.failures import Trouble, classify, describe
from tracking.ingest.pace import Pace
from tracking.ingest.rescue import rescue
from tracking.ingest.service import Result, ingest
from tracking.metrics import INGEST_BATCH_SECONDS, INGESTED, POISONED

BATCH_ENTRIES = 1_000
BATCH_EVENTS = 2_000
BLOCK_MS = 1000
CLAIM_IDLE_MS = 30_000
CLAIM_EVERY_SECONDS = 5.0
TRIES = 5

log = structlog.get_logger(__name__)

Pair = tuple[Item, Entry]


class AwayError(Exception):
    """A server that storing needs is away; the entries stay where they are."""


class Reader:
    """Reads every shard until stopped. Any number of readers share the work.

    ``claim_idle_ms``: entries that another reader took and did not finish for so long are taken over.
    """

    def __init__(self, stop: threading.Event, *, claim_idle_ms: int = CLAIM_IDLE_MS) -> None:
        self._stop = stop
        self._group = Group()
        self._claim_idle_ms = claim_idle_ms
        self._next_claim = 0.0
        self._pace = Pace()
        self._tries: Counter[bytes] = Counter()

    def run(self) -> None:
        """Work until stopped; database or Valkey away means waiting, not losing."""
        pause = 0.1
        while not self._stop.is_set():
            try:
                self.step()
                pause = 0.1
            except (AwayError, redis.RedisError) as exc:
                log.warning("ingest waits", reason=str(exc) or type(exc).__name__, seconds=pause)
                self._stop.wait(pause)
                pause = min(pause * 2, 5.0)
        self._group.leave()

    def step(self, block_ms: int = BLOCK_MS) -> int:
        """Handle one batch, own unfinished entries and those of dead readers first; returns entries handled.

        Raises `AwayError` or `redis.RedisError` when a server is away; what was taken is handled by a later step.
        """
        try:
            unfinished = self._unfinished() if time.monotonic() >= self._next_claim else []
            items = unfinished or self._group.fresh(BATCH_ENTRIES, block_ms, self._pace.events)
            self._handle(items)
            if unfinished:  # their reader may have died between commit and waking the workers
                sweep()
        except Exception as exc:
            self._next_claim = 0.0  # what was taken and not finished comes first
            if not isinstance(exc, AwayError | redis.RedisError) and classify(exc) is not Trouble.POISON:
                raise AwayError(describe(exc)) from exc
            raise
        return len(items)

    def _unfinished(self) -> list[Item]:
        items = self._group.own(BATCH_ENTRIES) or self._group.abandoned(BATCH_ENTRIES, self._claim_idle_ms)
        if not items:
            self._group.forget_dead_readers()
            self._tries.clear()
            self._next_claim = time.monotonic() + CLAIM_EVERY_SECONDS
        return items

    def _handle(self, items: Sequence[Item]) -> None:
        chunk: list[Pair] = []
        events = 0
        damaged: list[tuple[Item, Exception]] = []
        for pair in self._decoded(items, damaged):
            chunk.append(pair)
            events += len(pair[1].events)
            if events >= BATCH_EVENTS:
                self._store(chunk)
                chunk, events = [], 0
        if chunk:
            self._store(chunk)
        # Last, because a Valkey without memory left cannot take them until the others are gone.
        for item, exc in damaged:
            self._set_aside(item, exc)

    def _decoded(self, items: Sequence[Item], damaged: list[tuple[Item, Exception]]) -> Iterator[Pair]:
        for item in items:
            try:
                entry = decode(item.fields)
            except (KeyError, ValueError, TypeError) as exc:
                damaged.append((item, exc))
            else:
                yield item, entry

    def _store(self, pairs: Sequence[Pair]) -> None:
        started = time.perf_counter()
        try:
            result = ingest([entry for _, entry in pairs])
        except Exception as exc:
            trouble = classify(exc)
            if trouble is Trouble.AWAY:
                raise AwayError(describe(exc)) from exc
            if len(pairs) == 1:
                self._store_alone(*pairs[0], exc, trouble)
                return
            log.warning("a batch failed, entries are tried one by one", entries=len(pairs), reason=describe(exc))
            for pair in pairs:
                self._store([pair])
            return
        seconds = time.perf_counter() - started
        self._pace.note(result.received, seconds)
        INGEST_BATCH_SECONDS.observe(seconds)
        self._finish([item for item, _ in pairs], result)

    def _store_alone(self, item: Item, entry: Entry, exc: Exception, trouble: Trouble) -> None:
        """An entry that failed by itself: later again when others were in the way, else event by event."""
        self._tries[item.id] += 1
        if trouble is Trouble.CONTENTION and self._tries[item.id] < TRIES:
            log.warning("an entry is tried again", entry=item.id.decode(), reason=describe(exc))
            self._next_claim = 0.0
            return
        try:
            result, refused = rescue(entry)
        except Exception as again:
            if classify(again) is Trouble.AWAY:
                raise AwayError(describe(again)) from again
            self._set_aside(item, again)
            return
        log.error("events cannot be stored and are kept as rejected", events=refused, reason=describe(exc))
        POISONED.inc(refused)
        self._finish([item], result)

    def _finish(self, items: Sequence[Item], result: Result) -> None:
        INGESTED.labels("stored").inc(result.stored)
        INGESTED.labels("duplicate").inc(result.received - result.stored)
        for tenant_id, connections in result.wake.items():
            wake(tenant_id, connections)
        self._group.finish(items)

    def _set_aside(self, item: Item, exc: Exception) -> None:
        log.error("an entry cannot be stored and is set aside", entry=item.id.decode(), reason=describe(exc))
        self._group.set_aside(item, describe(exc))
        POISONED.inc()
