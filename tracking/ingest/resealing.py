"""Key rotation on the streams: what waits is looked at, what was set aside is sealed anew."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from core.events.api import decode, encode, streams
from core.security.crypto import DecryptionError, Keyring, key_id_of
from core.valkey import client
from tracking.ingest.entries import DEAD_STREAM

PAGE = 500

Fields = dict[bytes, bytes]


def waiting_keys() -> Counter[str]:
    """How many seals in entries that wait to be stored each master key made, by key id."""
    return _census(streams())


def set_aside_keys() -> Counter[str]:
    """The same for entries that could not be stored."""
    return _census([DEAD_STREAM])


def reseal_set_aside(ring: Keyring) -> tuple[int, int]:
    """Bring entries that could not be stored under the current master key; returns (changed, not readable).

    An entry takes a new id at the end of its stream. Safe to run again, and beside another one.
    """
    changed = unreadable = 0
    last = client().xinfo_stream(DEAD_STREAM)["last-generated-id"] if client().exists(DEAD_STREAM) else None
    for entry_id, fields in _entries(DEAD_STREAM, last) if last else ():
        if not any(key != ring.current for key in _keys(fields)):
            continue
        try:
            fresh = _resealed(fields, ring)
        except (DecryptionError, KeyError, ValueError, TypeError):
            unreadable += 1
            continue
        changed += _replace(entry_id, fresh)
    return changed, unreadable


def _census(streams: Any) -> Counter[str]:
    return Counter(key for stream in streams for _, fields in _entries(stream) for key in _keys(fields))


def _entries(stream: str, last: bytes | str = "+") -> Iterator[tuple[bytes, Fields]]:
    start: bytes | str = "-"
    while True:
        page: Any = client().xrange(stream, start, last, count=PAGE)
        yield from ((entry_id, fields) for entry_id, fields in page if fields)
        if len(page) < PAGE:
            return
        start = b"(" + page[-1][0]


def _keys(fields: Fields) -> list[str]:
    """The keys of an entry's seals; a damaged entry has at most the one of its client."""
    found = [fields.get(b"c", b"")]
    with contextlib.suppress(KeyError, ValueError, TypeError):
        found += [bytes.fromhex(item["sealed"]) for item in decode(fields).rejects]
    return [key_id_of(sealed) for sealed in found if sealed]


def _resealed(fields: Fields, ring: Keyring) -> Fields:
    entry = decode(fields)
    if entry.sealed_client:
        entry.sealed_client = ring.reseal(entry.sealed_client, "client")
    for item in entry.rejects:
        item["sealed"] = ring.reseal(bytes.fromhex(item["sealed"]), "reject").hex()
    return {**fields, **encode(entry)}


# Only who removes the old entry adds the new one: two rotations at once must not double it.
REPLACE = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
return 1
"""


def _replace(entry_id: bytes, fields: Fields) -> int:
    arguments = [part for pair in fields.items() for part in pair]
    return int(client().eval(REPLACE, 1, DEAD_STREAM, entry_id, *arguments))
