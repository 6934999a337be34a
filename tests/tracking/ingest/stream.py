"""Putting entries on the stream past the collector, and readers that die."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.events.api import Entry, append
from core.events.stream import decode, shards, streams
from core.valkey import client
from tests.marketplace import Marketplace
from tracking.ingest.entries import DEAD_STREAM, GROUP


def entry(marketplace: Marketplace, *events: dict[str, Any], trusted: bool = False, **changes: Any) -> Entry:
    """An entry as the collector makes it."""
    made = {"received_at": datetime.now(UTC), "site_id": None if trusted else marketplace.site_id, **changes}
    return Entry(marketplace.tenant_id, trusted, events=list(events), **made)


def put(marketplace: Marketplace, *events: dict[str, Any], trusted: bool = False, **changes: Any) -> None:
    """Append an entry, also of events seen a moment ago."""
    forget_seen()
    append(entry(marketplace, *events, trusted=trusted, **changes))


def forget_seen() -> None:
    """As if a quarter of an hour had passed."""
    for key in client().scan_iter("adrail:seen:*"):
        client().delete(key)


def waiting() -> int:
    """How many entries are on the stream."""
    return sum(client().xlen(stream) for stream in streams())


def set_aside() -> list[dict[bytes, bytes]]:
    """Entries that could not be stored."""
    entries: Any = client().xrange(DEAD_STREAM)
    return [fields for _, fields in entries]


def take_and_die(name: str = "dead") -> list[Entry]:
    """Read everything as another reader, which is never heard of again."""
    everywhere: dict[Any, Any] = dict.fromkeys(shards(), ">")
    answer: Any = client().xreadgroup(GROUP, name, everywhere)
    pairs = answer.items() if isinstance(answer, dict) else answer or []
    flat = [entries[0] if entries and isinstance(entries[0], list) else entries for _, entries in pairs]
    return [decode(fields) for entries in flat for _, fields in entries]
