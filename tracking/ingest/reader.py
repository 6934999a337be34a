"""The consumer-group reader: takes entries, stores them, acknowledges after commit, sets poison aside."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence

import redis
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from core.delivery.api import sweep, wake
from core.events.stream import Entry, decode, ensure_group, shards
from core.valkey import blocking_client
from tracking.ingest.service import Result, ingest
from tracking.metrics import INGEST_BATCH_SECONDS, INGESTED, POISONED

GROUP = "ingest"
DEAD_STREAM = "adrail:events:dead"
BATCH_ENTRIES = 200
BLOCK_MS = 1000
CLAIM_IDLE_MS = 30_000
CLAIM_EVERY_SECONDS = 15
AWAY = (OperationalError, InterfaceError, redis.RedisError)

log = structlog.get_logger(__name__)

Item = tuple[bytes, bytes, dict[bytes, bytes]]  # stream, id, fields


class Reader:
    """Reads every shard until stopped. Any number of readers share the work."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._redis = blocking_client()
        self._next_claim = 0.0

    def run(self) -> None:
        """Work until stopped; database or Valkey away means waiting, not losing."""
        pause = 0.1
        while not self._stop.is_set():
            try:
                self.step()
                pause = 0.1
            except AWAY as exc:
                log.warning("ingest waits", reason=type(exc).__name__, seconds=pause)
                self._stop.wait(pause)
                pause = min(pause * 2, 5.0)

    def step(self, block_ms: int = BLOCK_MS) -> int:
        """Handle one batch, own unfinished entries and those of dead readers first; returns entries handled."""
        for stream in shards():
            ensure_group(self._redis, stream, GROUP)
        items = self._unfinished() if time.monotonic() >= self._next_claim else []
        recovered = bool(items)
        items = items or self._fresh(block_ms)
        if items:
            self._handle(items)
        if recovered:  # their reader may have died between commit and waking the workers
            sweep()
        return len(items)

    def _fresh(self, block_ms: int) -> list[Item]:
        answer = self._redis.xreadgroup(
            GROUP, self._name, dict.fromkeys(shards(), ">"), count=BATCH_ENTRIES, block=block_ms
        )
        return _items(answer)

    def _unfinished(self) -> list[Item]:
        """Entries this reader's name left behind, then those idle too long under another name."""
        items = _items(self._redis.xreadgroup(GROUP, self._name, dict.fromkeys(shards(), "0"), count=BATCH_ENTRIES))
        if not items:
            for stream in shards():
                claimed = self._redis.xautoclaim(
                    stream, GROUP, self._name, min_idle_time=CLAIM_IDLE_MS, count=BATCH_ENTRIES
                )
                items += [(stream.encode(), entry_id, fields) for entry_id, fields in claimed[1]]
        if not items:
            self._next_claim = time.monotonic() + CLAIM_EVERY_SECONDS
        return items

    def _handle(self, items: Sequence[Item]) -> None:
        readable = self._decoded(items)
        if readable:
            self._store(readable)

    def _decoded(self, items: Sequence[Item]) -> list[tuple[Item, Entry]]:
        readable = []
        for item in items:
            try:
                readable.append((item, decode(item[2])))
            except (KeyError, ValueError) as exc:
                self._set_aside(item, exc)
        return readable

    def _store(self, pairs: Sequence[tuple[Item, Entry]]) -> None:
        started = time.perf_counter()
        try:
            result = ingest([entry for _, entry in pairs])
        except AWAY:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever it is, it must not block the shard
            if len(pairs) == 1:
                self._set_aside(pairs[0][0], exc)
                return
            log.warning("a batch failed, entries are tried one by one", entries=len(pairs), reason=type(exc).__name__)
            for pair in pairs:
                self._store([pair])
            return
        INGEST_BATCH_SECONDS.observe(time.perf_counter() - started)
        self._finish([item for item, _ in pairs], result)

    def _finish(self, items: Sequence[Item], result: Result) -> None:
        INGESTED.labels("stored").inc(result.stored)
        INGESTED.labels("duplicate").inc(result.received - result.stored)
        for tenant_id, connections in result.wake.items():
            wake(tenant_id, connections)
        pipeline = self._redis.pipeline(transaction=False)
        for stream, entry_id, _ in items:
            pipeline.xack(stream, GROUP, entry_id)
            pipeline.xdel(stream, entry_id)
        pipeline.execute()

    def _set_aside(self, item: Item, exc: Exception) -> None:
        stream, entry_id, fields = item
        log.error("an entry cannot be stored and is set aside", entry=entry_id.decode(), reason=type(exc).__name__)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xadd(DEAD_STREAM, dict(fields) | {b"reason": type(exc).__name__.encode(), b"from": stream})
        pipeline.xack(stream, GROUP, entry_id)
        pipeline.xdel(stream, entry_id)
        pipeline.execute()
        POISONED.inc()


def _items(answer: object) -> list[Item]:
    pairs = answer.items() if isinstance(answer, dict) else answer or []
    items: list[Item] = []
    for stream, entries in pairs:  # type: ignore[attr-defined]
        flat = entries[0] if entries and isinstance(entries[0], list) else entries
        items += [(stream, entry_id, fields) for entry_id, fields in flat if fields]
    return items
