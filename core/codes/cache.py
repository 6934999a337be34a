"""The cache of tracking configurations: this process for a second, Valkey for minutes, one computation per change.

A copy counts while its generation is the tenant's current one and it is younger than five minutes. It is kept longer,
so that a page still gets its configuration, marked stale, while the database is away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
import structlog
from redis.exceptions import LockError, RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.codes.generation import FIRST, generation_key
from core.errors import UnavailableError
from core.valkey import client

Document = dict[str, Any]

FRESH_SECONDS = 300.0
LOCAL_SECONDS = 1.0
KEEP_SECONDS = 86_400
FLIGHT_SECONDS = 5.0
WAIT_SECONDS = 1.0
POLL_SECONDS = 0.02
MAX_LOCAL = 2_000
STRIPES = 64

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A configuration as it is served; ``computed_at`` is seconds since the epoch."""

    generation: str
    computed_at: float
    version: str
    body: bytes
    stale: bool = False

    @property
    def etag(self) -> str:
        """The entity tag, without quotes; a stale copy has its own."""
        return f"{self.version}-stale" if self.stale else self.version

    def pack(self) -> bytes:
        """The form kept in Valkey."""
        return orjson.dumps([self.generation, self.computed_at, self.version]) + b"\n" + self.body

    @classmethod
    def unpack(cls, packed: bytes) -> Entry:
        """Read `pack` back."""
        head, _, body = packed.partition(b"\n")
        generation, computed_at, version = orjson.loads(head)
        return cls(generation, computed_at, version, body)

    def as_stale(self) -> Entry:
        """The same, saying of itself that it may be outdated."""
        return self if self.stale else replace(self, stale=True, body=_dump({**orjson.loads(self.body), "stale": True}))


@dataclass(frozen=True, slots=True)
class Shared:
    """What Valkey knows: the current generation (None while Valkey is away) and the last copy."""

    generation: str | None
    entry: Entry | None

    def counts(self, entry: Entry) -> bool:
        """Whether a copy may be served as it is."""
        return entry.generation == self.generation and time.time() - entry.computed_at < FRESH_SECONDS

    def fresh(self) -> Entry | None:
        """The copy, if it still counts."""
        return self.entry if self.entry and self.counts(self.entry) else None


class ConfigCache:
    """One process's view of the cache; safe to share between threads."""

    def __init__(self) -> None:
        self._local: dict[tuple[int, str], tuple[float, Entry]] = {}
        self._guard = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(STRIPES)]
        self._away_until = 0.0

    def get(
        self, tenant_id: int, name: str, compute: Callable[[], Document], *, keep_seconds: int = KEEP_SECONDS
    ) -> Entry:
        """Return the configuration ``name`` of a tenant; at most one second behind a published change.

        Copies live in Valkey for ``keep_seconds``, with 0 in this process alone. Raises what ``compute`` raises, or
        `UnavailableError` when the database is away and there is no copy at all.
        """
        key = (tenant_id, name)
        entry = self._recent(key)
        if entry:
            return entry
        with self._stripes[hash(key) % STRIPES]:
            entry = self._recent(key)
            if entry is None:
                entry = self._load(key, compute, keep_seconds)
                self._remember(key, entry)
            return entry

    def forget(self) -> None:
        """Drop this process's copies."""
        with self._guard:
            self._local.clear()
            self._away_until = 0.0

    def _recent(self, key: tuple[int, str]) -> Entry | None:
        known = self._local.get(key)
        return known[1] if known and time.monotonic() - known[0] < LOCAL_SECONDS else None

    def _remember(self, key: tuple[int, str], entry: Entry) -> None:
        with self._guard:
            self._local.pop(key, None)
            while len(self._local) >= MAX_LOCAL:
                del self._local[next(iter(self._local))]
            self._local[key] = (time.monotonic(), entry)

    def _load(self, key: tuple[int, str], compute: Callable[[], Document], keep_seconds: int) -> Entry:
        shared = _read(*key)
        remembered = self._local.get(key)
        old = shared.entry or (remembered[1] if remembered else None)
        if old and shared.counts(old):
            return old
        if old and time.monotonic() < self._away_until:
            return old.as_stale()
        try:
            return _compute_once(key, shared, compute, keep_seconds)
        except DATABASE_AWAY as exc:
            # Not every request has to wait for the time-out again.
            self._away_until = time.monotonic() + LOCAL_SECONDS
            if old is None:
                raise UnavailableError("the configuration cannot be read right now; try again") from exc
            log.warning("database away, serving a stale configuration", tenant_id=key[0], name=key[1])
            return old.as_stale()


def _compute_once(key: tuple[int, str], shared: Shared, compute: Callable[[], Document], keep_seconds: int) -> Entry:
    if shared.generation is None or not keep_seconds:
        return _entry_of(compute(), shared.generation or "")
    # The generation is part of the name: after a change nobody waits for a computation that began before it.
    flight = client().lock(
        f"adrail:config:flight:{key[0]}:{shared.generation}:{key[1]}", timeout=FLIGHT_SECONDS, thread_local=False
    )
    try:
        leading = flight.acquire(blocking=False)
    except RedisError:
        return _entry_of(compute(), "")
    landed = _read(*key).fresh() if leading else _wait(key)
    try:
        return landed or _store(key, _entry_of(compute(), shared.generation), keep_seconds)
    finally:
        if leading:
            _release(flight)


def _wait(key: tuple[int, str]) -> Entry | None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        entry = _read(*key).fresh()
        if entry:
            return entry
    return None


def _entry_of(document: Document, generation: str) -> Entry:
    return Entry(generation, time.time(), str(document["version"]), _dump(document))


def _store(key: tuple[int, str], entry: Entry, keep_seconds: int) -> Entry:
    try:
        client().set(_name(*key), entry.pack(), ex=keep_seconds)
    except RedisError:
        log.warning("a configuration could not be cached", tenant_id=key[0], name=key[1], exc_info=True)
    return entry


def _read(tenant_id: int, name: str) -> Shared:
    try:
        generation, packed = client().mget(generation_key(tenant_id), _name(tenant_id, name))
    except RedisError:
        log.warning("Valkey is away, computing a configuration without it", tenant_id=tenant_id, name=name)
        return Shared(None, None)
    return Shared(
        generation.decode() if isinstance(generation, bytes) else FIRST,
        Entry.unpack(packed) if isinstance(packed, bytes) else None,
    )


def _release(flight: Any) -> None:
    try:
        flight.release()
    except (LockError, RedisError):
        log.warning("a computation took longer than its lock", exc_info=True)


def _name(tenant_id: int, name: str) -> str:
    return f"adrail:config:page:{tenant_id}:{name}"


def _dump(document: Document) -> bytes:
    return orjson.dumps(document)
