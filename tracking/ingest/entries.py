"""Entries of the stream as one reader of the group sees them: fresh, its own unfinished, abandoned by others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import redis

from core.events.api import ensure_group, lanes_key, shards, streams
from core.valkey import blocking_client, ended, mark
from tracking.ingest.lanes import FINISH, MOVE, OWN, TAKE

GROUP = "ingest"
DEAD_STREAM = "adrail:events:dead"
FORGET_MS = 3_600_000
TURN = 5
"""Entries that each stream gives in a turn."""
TAKE_EVENTS = 2_000
"""Enough for one transaction: whatever comes next waits for no more than these."""
SHORT_WAIT_MS = 50
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
        self._last_lane = ""

    def fresh(self, most: int, block_ms: int, enough: int = TAKE_EVENTS) -> list[Item]:
        """Entries that no reader has yet, of every tenant in turn, with about ``enough`` events.

        Waits at most ``block_ms`` for the first.
        """
        with self._joining():
            keys = [key for stream in shards() for key in (stream, lanes_key(stream))]
            answer: Any = TAKE(keys, [GROUP, self._name, TURN, most, enough, self._last_lane])
            self._last_lane, lanes = answer[0].decode(), int(answer[1])
            items = _pairs(answer[2:])
            # Lanes are filled while others work on the shards' streams, where this one would not be woken.
            return items or self._wait(most, min(block_ms, SHORT_WAIT_MS) if lanes else block_ms)

    def own(self, most: int) -> list[Item]:
        """Entries this reader took and did not finish, oldest first."""
        with self._joining():
            return _pairs(OWN(streams(), [GROUP, self._name, most]))

    def abandoned(self, most: int, idle_ms: int) -> list[Item]:
        """Take over entries of readers whose process has ended, else those not finished for ``idle_ms``."""
        items: list[Item] = []
        for stream in streams():
            if len(items) < most:
                items += self._abandoned_in(stream, most, idle_ms)
        return items

    def _abandoned_in(self, stream: str, most: int, idle_ms: int) -> list[Item]:
        try:
            items = self._of_the_dead(stream, most)
            answer: Any = self._redis.xautoclaim(stream, GROUP, self._name, min_idle_time=idle_ms, count=most)
        except redis.ResponseError:
            if stream in shards():
                raise
            return []  # a lane that was emptied, or that nobody has read yet
        return items + [Item(stream.encode(), entry_id, fields) for entry_id, fields in answer[1] if fields]

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
        by_stream: dict[bytes, list[Item]] = {}
        for item in items:
            by_stream.setdefault(item.stream, []).append(item)
        arguments: list[bytes | str | int] = [GROUP]
        for own in by_stream.values():
            arguments += [sum(map(_size, own)), len(own), *(item.id for item in own)]
        FINISH([stream.decode() for stream in by_stream], arguments)

    def set_aside(self, item: Item, reason: str) -> None:
        """Move an entry to the stream of those that cannot be stored."""
        fields = {**item.fields, b"reason": reason.encode(), b"from": item.stream}
        words = [word for pair in fields.items() for word in pair]
        MOVE([item.stream.decode(), DEAD_STREAM], [GROUP, _size(item), item.id, *words])

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

    def _wait(self, most: int, block_ms: int) -> list[Item]:
        waited: dict[Any, Any] = dict.fromkeys(shards(), ">")
        return _items(self._redis.xreadgroup(GROUP, self._name, waited, count=most, block=block_ms))

    @contextmanager
    def _joining(self) -> Iterator[None]:
        try:
            self._join()
            yield
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


def _pairs(answer: Sequence[Any]) -> list[Item]:
    """Items of a script's answer: streams and their entries in turn, fields of an entry in a row."""
    return [
        Item(stream, entry_id, dict(zip(words[::2], words[1::2], strict=True)))
        for stream, entries in zip(answer[::2], answer[1::2], strict=True)
        for entry_id, words in entries
        if words
    ]


def _size(item: Item) -> int:
    return sum(len(value) for name, value in item.fields.items() if name in {b"h", b"c", b"e"})
