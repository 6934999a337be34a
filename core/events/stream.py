"""The durable stream between those who accept events and those who store them.

One entry holds a whole request: a header, the sealed client, the accepted events and the refused ones. What is in the
append-only file when `append` returns is accepted for good.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import redis
import zstandard

from core.config import settings
from core.scripts import Script
from core.token_buckets import CHARGE, Bucket
from core.valkey import stream_name

SEEN_SLOT_SECONDS = 300
# Marks take some 60 bytes each. Beyond this many in a slot of a marketplace, repeated ids are left for ingest to find.
MOST_MARKS = 250_000
MAX_DECODED = 8 * 1024 * 1024

# Counts ids seen in the last 15 minutes and appends unless nothing is new, in one atomic step: a failed append leaves
# no «seen» mark behind, and a mark never exists without its entry. Marks stand in one set per five minutes, which takes
# a third of the memory of a key each. The sender's buckets are charged in the same step: each step waits for the disk.
# KEYS: the stream, then the buckets. ARGV: most entries, most bytes, seconds of a slot, most marks, prefix of the sets,
# the three fields, whether there are rejects, the buckets' limits, then the ids.
APPEND = Script(
    CHARGE
    + """
local stream = KEYS[1]
local entries = redis.call('XLEN', stream)
if entries >= tonumber(ARGV[1]) then return {-1} end
if entries > 0 and redis.call('MEMORY', 'USAGE', stream) >= tonumber(ARGV[2]) then return {-1} end
local now, buckets = seconds(), #KEYS - 1
local wait = charge({unpack(KEYS, 2)}, {unpack(ARGV, 10, 9 + buckets)}, now)
if wait > 0 then return {-2, wait} end
local ids = {unpack(ARGV, 10 + buckets)}
local slot = math.floor(now / ARGV[3])
local seen = {}
if #ids > 0 then
  local known, new = {}, {}
  for back = 0, 3 do
    for i, found in ipairs(redis.call('SMISMEMBER', ARGV[5] .. (slot - back), unpack(ids))) do
      if found == 1 then known[ids[i]] = true end
    end
  end
  for i, id in ipairs(ids) do
    if known[id] then seen[#seen + 1] = i - 1 else known[id] = true; new[#new + 1] = id end
  end
  local current = ARGV[5] .. slot
  local marks = redis.call('SCARD', current)
  if #new > 0 and marks < tonumber(ARGV[4]) then
    redis.call('SADD', current, unpack(new))
    if marks == 0 then redis.call('EXPIRE', current, ARGV[3] * 4) end
  end
end
if #seen < #ids or ARGV[9] == '1' then
  redis.call('XADD', stream, '*', 'h', ARGV[6], 'c', ARGV[7], 'e', ARGV[8])
end
return seen
"""
)

_compressors = threading.local()


class StreamFullError(Exception):
    """The stream holds as much as it may; the sender must try again later."""


class TooOftenError(Exception):
    """The sender's limit is used up for ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(slots=True)
class Entry:
    """One request's worth of events. ``events`` are checked envelopes; ``rejects`` are (code, problems, sealed)."""

    tenant_id: int
    trusted: bool
    received_at: datetime
    events: list[dict[str, Any]]
    site_id: str | None = None
    sealed_client: bytes | None = None
    flags: dict[str, Any] = field(default_factory=dict)
    rejects: list[dict[str, Any]] = field(default_factory=list)


def append(entry: Entry, charged: Sequence[Bucket] = ()) -> list[int]:
    """Charge the sender's buckets and append an entry; returns positions of events seen in the last 15 minutes.

    Raises `TooOftenError`, `StreamFullError` at the configured bound, and `redis.RedisError` when the stream is away;
    then nothing was taken.
    """
    config, fields = settings(), encode(entry)
    shard = entry.tenant_id % config.stream_shards
    arguments: list[int | str | bytes] = [
        config.stream_max_entries,
        config.stream_max_megabytes * 1024 * 1024,
        SEEN_SLOT_SECONDS,
        MOST_MARKS,
        f"adrail:seen:{entry.tenant_id}:{'t' if entry.trusted else 'p'}:",
        fields[b"h"],
        fields[b"c"],
        fields[b"e"],
        1 if entry.rejects else 0,
        *(bucket.per_minute for bucket in charged),
    ]
    arguments += [_mark(event["event_id"]) for event in entry.events]
    answer: list[int] = APPEND([stream_name(shard), *(bucket.key for bucket in charged)], arguments)
    if answer[:1] == [-2]:
        raise TooOftenError(answer[1])
    if answer[:1] == [-1]:
        raise StreamFullError(f"the stream of shard {shard} holds as many entries or bytes as it may")
    return answer


def _mark(event_id: str) -> bytes:
    try:
        return bytes.fromhex(event_id.replace("-", ""))
    except ValueError:  # ingest will say what is wrong with it
        return event_id.encode()


def encode(entry: Entry) -> dict[bytes, bytes]:
    """The fields of an entry as they stand on the stream."""
    body = orjson.dumps({"events": entry.events, "rejects": entry.rejects})
    return {b"h": _header(entry), b"c": entry.sealed_client or b"", b"e": _compress(body)}


def decode(fields: dict[bytes, bytes]) -> Entry:
    """Read an entry back; raises `ValueError` when it is damaged."""
    header = orjson.loads(fields[b"h"])
    try:
        raw = zstandard.ZstdDecompressor().decompress(fields[b"e"], max_output_size=MAX_DECODED)
    except zstandard.ZstdError as exc:
        raise ValueError(f"the entry's body cannot be decompressed: {exc}") from exc
    body = orjson.loads(raw)
    return Entry(
        header["tenant"],
        header["trusted"],
        datetime.fromisoformat(header["received_at"]),
        body["events"],
        header["site"],
        fields[b"c"] or None,
        header["flags"],
        body["rejects"],
    )


def _header(entry: Entry) -> bytes:
    return orjson.dumps(
        {
            "tenant": entry.tenant_id,
            "trusted": entry.trusted,
            "received_at": entry.received_at,
            "site": entry.site_id,
            "flags": entry.flags,
        }
    )


def _compress(body: bytes) -> bytes:
    compressor = getattr(_compressors, "value", None)
    if compressor is None:  # a compressor must not be shared between threads
        compressor = _compressors.value = zstandard.ZstdCompressor(level=1)
    compressed: bytes = compressor.compress(body)
    return compressed


def shards() -> Sequence[str]:
    """The names of all streams."""
    return [stream_name(shard) for shard in range(settings().stream_shards)]


def ensure_group(connection: redis.Redis, stream: str, group: str) -> None:
    """Create a consumer group from the beginning of a stream when it is missing."""
    try:
        connection.xgroup_create(stream, group, id="0", mkstream=True)
    except redis.ResponseError as exc:
        if "BUSYGROUP" not in str(exc):
            raise
