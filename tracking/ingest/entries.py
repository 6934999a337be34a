"""Entries of the stream as one reader of the group sees them: fresh, its own unfinished, abandoned by others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import redis

from core.events.api import ensure_group, shards
from core.valkey import blocking_client, ended, mark

GROUP = "ingest"
DEAD_STREAM = "adrail:events:dead"
FORGET_MS = 3_600_000
# Two readers that look for the dead at the same time share what they find.
JUST_TAKEN_MS = 100

# A reader that is gone for an hour and left nothing; asked and removed in one step, since removal drops what it left.
FORGET = """
for _, reader in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local facts = {}
  for i = 1, #reader, 2 do facts[reader[i]] = reader[i + 1] end
  if facts['pending'] == 0 and (facts['name'] == ARGV[3] or facts['idle'] > tonumber(ARGV[2])) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], facts['name'])
  end
end
"""


class Item(NamedTuple):
    """One entry: where it stands, and its fields."""

    stream: bytes
    id: bytes
    fields: dict[bytes, bytes]


class Group:
    """One reader's place in the consumer group of every shard; raises `redis.RedisError` when Valkey is away."""

    def __init__(self) -> None:
        self._name = mark()
        self._redis = blocking_client()
        self._forget = self._redis.register_script(FORGET)
        self._joined = False

    def fresh(self, most: int, block_ms: int) -> list[Item]:
        """Entries that no reader has yet; waits at most ``block_ms`` for the first."""
        return self._read(">", most, block_ms)

    def own(self, most: int) -> list[Item]:
        """Entries this reader took and did not finish, oldest first."""
        return self._read("0", most, None)

    def abandoned(self, most: int, idle_ms: int) -> list[Item]:
        """Take over entries of readers whose process has ended, else those not finished for ``idle_ms``."""
        items: list[Item] = []
        for stream in shards():
            items += self._of_the_dead(stream, most)
            answer: Any = self._redis.xautoclaim(stream, GROUP, self._name, min_idle_time=idle_ms, count=most)
            items += [Item(stream.encode(), entry_id, fields) for entry_id, fields in answer[1] if fields]
        return items

    def _of_the_dead(self, stream: str, most: int) -> list[Item]:
        readers: Any = self._redis.xinfo_consumers(stream, GROUP)
        items: list[Item] = []
        for name in ended(reader["name"].decode() for reader in readers if reader["pending"]):
            left: Any = self._redis.xpending_range(stream, GROUP, "-", "+", most, consumername=name)
            ids = [entry["message_id"] for entry in left]
            taken: Any = self._redis.xclaim(stream, GROUP, self._name, JUST_TAKEN_MS, ids) if ids else []
            items += [Item(stream.encode(), entry_id, fields) for entry_id, fields in taken if fields]
        return items

    def finish(self, items: Sequence[Item]) -> None:
        """Acknowledge and remove entries, at once."""
        pipeline = self._redis.pipeline(transaction=True)
        for stream in {item.stream for item in items}:
            ids = [item.id for item in items if item.stream == stream]
            pipeline.xack(stream, GROUP, *ids)
            pipeline.xdel(stream, *ids)
        pipeline.execute()

    def set_aside(self, item: Item, reason: str) -> None:
        """Move an entry to the stream of those that cannot be stored."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.xadd(DEAD_STREAM, {**item.fields, b"reason": reason.encode(), b"from": item.stream})  # type: ignore[dict-item]
        pipeline.xack(item.stream, GROUP, item.id)
        pipeline.xdel(item.stream, item.id)
        pipeline.execute()

    def forget_dead_readers(self) -> None:
        """Remove names of readers that are long gone."""
        self._remove("")

    def leave(self) -> None:
        """Remove this reader's name, unless it leaves entries behind; those are taken over."""
        try:
            self._remove(self._name)
        except redis.RedisError:
            return  # somebody will remove it in an hour

    def _remove(self, name: str) -> None:
        for stream in shards():
            self._forget(keys=[stream], args=[GROUP, FORGET_MS, name])

    def _read(self, start: str, most: int, block_ms: int | None) -> list[Item]:
        try:
            self._join()
            streams: dict[Any, Any] = dict.fromkeys(shards(), start)
            return _items(self._redis.xreadgroup(GROUP, self._name, streams, count=most, block=block_ms))
        except redis.ResponseError:
            self._joined = False  # Valkey came back without the group
            raise

    def _join(self) -> None:
        if not self._joined:
            for stream in shards():
                ensure_group(self._redis, stream, GROUP)
            self._joined = True


def _items(answer: Any) -> list[Item]:
    pairs = answer.items() if isinstance(answer, Mapping) else answer or []
    items: list[Item] = []
    for stream, entries in pairs:
        flat = entries[0] if entries and isinstance(entries[0], list) else entries
        items += [Item(stream, entry_id, fields) for entry_id, fields in flat if fields]
    return items
