"""Hostile bodies from a seed: each comes with what a sender may be told, and whether a good event was among it."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import zstandard

from tests.tracking.events import event

PATHS = ("/api/tx/events", "/api/tx/events/batch", "/api/tx/collect")
NUMBERS = (
    "1e999", "-1e999", "NaN", "Infinity", "-0", "-0.0", "01", "1.", ".5", "+1", "0x10", "1e", "9" * 400, "9" * 40,
    str(2**53), str(2**63), str(2**64), str(-(2**63) - 1), "1e308", "5e-324", "0." + "0" * 400 + "1", "1_000",
)  # fmt: skip
TEXTS = (
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"a\\u0000b"', '"\x00"', '"\x1f"', '"\\x41"', '"\\"', '"\\u00"', '"',
    '"\u202e"', '"\ufeff"', '"' + "e\u0301" * 200 + '"', '"' + "x" * 70_000 + '"', '"\U0001f39f"', "'x'", '"\\/"',
)  # fmt: skip
RAW = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x00", b"\xef\xbb\xbf", b"\x1b", b"\xf0\x9f")
FIELDS = (
    "event_id", "event_name", "event_version", "occurred_at", "source_system", "visitor_id", "session_id",
    "sequence_no", "consent_snapshot", "context", "entities", "payload", "idempotency_key", "prev_event_id",
    "person_id", "tenant_id", "site_id", "claimed_at", "", "__proto__", "a\u0301", "x" * 300,
)  # fmt: skip
MIB = 1024 * 1024


@dataclass(slots=True)
class Hostile:
    """A request; ``good`` is the id of the event among it that must be stored when the answer counts events."""

    path: str
    body: bytes
    encoding: str
    good: str | None


def hostile(seed: int) -> Hostile:
    """Make the body of a seed."""
    dice = random.Random(seed)
    path = dice.choice(PATHS)
    text, good = dice.choice(SHAPES)(dice)
    # Where one event is expected, a batch is none.
    return Hostile(path, *_encoded(dice, text), good if path != PATHS[0] else None)


def _value(dice: random.Random, depth: int = 0) -> str:
    """JSON, or what looks like it."""
    kind = dice.random()
    if depth > 3 or kind < 0.35:
        return dice.choice((*NUMBERS, *TEXTS, "null", "true", "tru", "[]", "{}", "[,]", "{,}", '{"a"}', "undefined"))
    many = range(dice.choice((0, 1, 2, 5)))
    if kind < 0.6:
        return f"[{','.join(_value(dice, depth + 1) for _ in many)}]"
    if kind < 0.7:
        levels = dice.choice((14, 15, 16, 17, 200, 900, 1023, 1025, 3000, 50_000))
        start, end = dice.choice((("[", "]"), ('{"a":', "}")))
        return start * levels + "1" + end * dice.choice((levels, levels - 1))
    names = [orjson.dumps(dice.choice(FIELDS)).decode() for _ in many]
    return "{" + ",".join(f"{name}:{_value(dice, depth + 1)}" for name in names) + "}"


def _near(dice: random.Random) -> str:
    """An event with some fields replaced, repeated or left out; a repeated key is written twice."""
    body = event(
        **({"occurred_at": dice.choice(("", "2016-12-31T23:59:60Z", "9" * 30))} if dice.random() < 0.2 else {})
    )
    pairs = [(name, orjson.dumps(value).decode()) for name, value in body.items()]
    for _ in range(dice.randint(1, 3)):
        pairs.insert(dice.randrange(len(pairs)), (dice.choice(FIELDS), _value(dice)))
    return "{" + ",".join(f"{orjson.dumps(name).decode()}:{value}" for name, value in pairs) + "}"


def _single(dice: random.Random) -> tuple[bytes, str | None]:
    return _near(dice).encode(), None


def _anything(dice: random.Random) -> tuple[bytes, str | None]:
    return _value(dice).encode(), None


def _batch(dice: random.Random) -> tuple[bytes, str | None]:
    """Strange events, and a good one among them."""
    good = event()
    strange = [dice.choice((_near, _value))(dice) for _ in range(dice.choice((0, 1, 3, 6)))]
    strange.insert(dice.randint(0, len(strange)), orjson.dumps(good).decode())
    sent_at = f'"sent_at":{_value(dice)},' if dice.random() < 0.3 else ""
    return f'{{{sent_at}"events":[{",".join(strange)}]}}'.encode(), good["event_id"]


def _many(dice: random.Random) -> tuple[bytes, str | None]:
    """Too many of something."""
    count = dice.choice((101, 5_001, 50_000))
    inner = dice.choice(('{"x":', "[", "0")) if dice.random() < 0.3 else "0"
    values = b",".join([inner.encode()] * count)
    return b'{"events":[' + values + b"]}" if dice.random() < 0.5 else values, None


def _bytes(dice: random.Random) -> tuple[bytes, str | None]:
    """A good batch with some bytes replaced, or cut off."""
    body = bytearray(orjson.dumps({"events": [event(), event()]}))
    for _ in range(dice.randint(1, 3)):
        place = dice.randrange(len(body))
        body[place : place + dice.randint(0, 3)] = dice.choice((*RAW, dice.randbytes(3)))
    return bytes(body[: dice.choice((len(body), dice.randrange(len(body))))]), None


SHAPES: tuple[Callable[[random.Random], tuple[bytes, str | None]], ...] = (
    _batch, _batch, _batch, _single, _single, _anything, _bytes, _many,
)  # fmt: skip


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(body)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 1)


def _encoded(dice: random.Random, body: bytes) -> tuple[bytes, str]:
    """Compressed, damaged, or a bomb in its place."""
    roll = dice.random()
    if roll < 0.5:
        return body, dice.choice(("", "", "identity", "br", "x" * 50))
    encoding, compress = dice.choice((("gzip", _gzip), ("zstd", _zstd)))
    if roll < 0.52:
        return compress(b" " * dice.choice((MIB + 1, 20 * MIB))), encoding
    packed = compress(body)
    if roll < 0.7:
        return packed, encoding
    if roll < 0.8:
        return packed[: dice.randrange(len(packed) + 1)], encoding
    if roll < 0.9:
        return packed + dice.choice((packed, b"rest", zlib.compress(body))), encoding
    return packed, {"gzip": "zstd", "zstd": "gzip"}[encoding]
