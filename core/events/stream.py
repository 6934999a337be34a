"""The durable stream between those who accept events and those who store them.

One entry holds a whole request: a header, the sealed client, the accepted events and the refused ones. What is in the
append-only file when `append` returns is accepted for good.

A shard has one stream that everybody shares, and while that is crowded a lane for each tenant, a stream of its own:
readers take from all of them in turn, so that nobody waits behind the backlog of somebody else.
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
from core.valkey import client, lane_name, stream_name

SEEN_SLOT_SECONDS = 300
# Marks take some 60 bytes each. Beyond this many in a slot of a marketplace, repeated ids are left for ingest to find.
MOST_MARKS = 250_000
CROWDED = 25
"""So many entries in a shard's own stream send others to their tenants' lanes. Few, for they are in front of all."""
MAX_DECODED = 8 * 1024 * 1024

# Counts ids seen in the last 15 minutes and appends unless nothing is new, in one atomic step: a failed append leaves
# no «seen» mark behind, and a mark never exists without its entry. Marks stand in one set per five minutes, which takes
# a third of the memory of a key each. The sender's buckets are charged in the same step: each step waits for the disk.
# An entry goes to its tenant's lane when the shard's stream is crowded, or when earlier ones of the tenant are there:
# what a tenant sends stays in order. What lanes hold is counted as it comes and goes (see `tracking.ingest.lanes`).
# The last tenth of the bound is kept for tenants that have little waiting.
# KEYS: the shard's stream, the tenant's lane, the set of lanes, what lanes hold, then the buckets. ARGV: most entries,
# most bytes, seconds of a slot, most marks, prefix of the sets, the three fields, whether there are rejects, the number
# of entries that crowd a stream, the buckets' limits, then the ids.
APPEND = Script(
    CHARGE
    + """
local stream, entries, own = KEYS[1], redis.call('XLEN', KEYS[1]), redis.call('XLEN', KEYS[2])
local held = redis.call('HMGET', KEYS[4], 'entries', 'bytes')
local total, bytes = entries + tonumber(held[1] or 0), tonumber(held[2] or 0)
local crowded = entries >= tonumber(ARGV[10])
if crowded then bytes = bytes + redis.call('MEMORY', 'USAGE', stream) end
local part = own >= ARGV[1] / 20 and 0.9 or 1
if total >= ARGV[1] * part or bytes >= ARGV[2] * part then return {-1} end
if crowded or own > 0 then stream = KEYS[2] end
local now, buckets = seconds(), #KEYS - 4
local wait = charge({unpack(KEYS, 5)}, {unpack(ARGV, 11, 10 + buckets)}, now)
if wait > 0 then return {-2, wait} end
local ids = {unpack(ARGV, 11 + buckets)}
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
  redis.call('XADD', stream, '*', 'h', ARGV[6], 'c', ARGV[7], 'e', ARGV[8], 'n', #ids)
  if stream ~= KEYS[1] then
    if own == 0 then redis.call('SADD', KEYS[3], stream) end
    redis.call('HINCRBY', KEYS[4], 'entries', 1)
    redis.call('HINCRBY', KEYS[4], 'bytes', #ARGV[6] + #ARGV[7] + #ARGV[8])
  end
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
        CROWDED,
        *(bucket.per_minute for bucket in charged),
    ]
    arguments += [_mark(event["event_id"]) for event in entry.events]
    stream = stream_name(shard)
    keys = [stream, lane_name(stream, entry.tenant_id), lanes_key(stream), held_key(stream)]
    answer: list[int] = APPEND([*keys, *(bucket.key for bucket in charged)], arguments)
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
        raw = _decompressor().decompress(fields[b"e"], max_output_size=MAX_DECODED)
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


def _decompressor() -> zstandard.ZstdDecompressor:
    decompressor: zstandard.ZstdDecompressor | None = getattr(_compressors, "reading", None)
    if decompressor is None:  # must not be shared between threads either
        decompressor = _compressors.reading = zstandard.ZstdDecompressor()
    return decompressor


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
    """The names of the shards' own streams."""
    return [stream_name(shard) for shard in range(settings().stream_shards)]


def lanes_key(stream: str) -> str:
    """The set of the lanes of a shard that hold anything."""
    return f"{stream}:lanes"


def held_key(stream: str) -> str:
    """How many entries and bytes the lanes of a shard hold."""
    return f"{stream}:held"


def lanes(stream: str) -> list[str]:
    """The lanes of a shard that hold anything now, by name; any of them may be gone a moment later."""
    found: Any = client().smembers(lanes_key(stream))
    return sorted(name.decode() for name in found)


def streams() -> list[str]:
    """The names of all streams: the shards' own and the lanes there are now."""
    return [name for stream in shards() for name in (stream, *lanes(stream))]


def ensure_group(connection: redis.Redis, stream: str, group: str) -> None:
    """Create a consumer group from the beginning of a stream when it is missing."""
    try:
        connection.xgroup_create(stream, group, id="0", mkstream=True)
    except redis.ResponseError as exc:
        if "BUSYGROUP" not in str(exc):
            raise
