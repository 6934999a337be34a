"""Bodies: compressed, damaged, too large, not JSON, hostile JSON."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import zstandard
from werkzeug.test import TestResponse

from tests.pipeline import ingest
from tests.tracking.events import Page, event, problems, summary
from tests.tracking.store import Store

MIB = 1024 * 1024


def post(page: Page, body: bytes, encoding: str | None = None) -> TestResponse:
    extra = {"Content-Encoding": encoding} if encoding else {}
    headers = page.marketplace.collect_headers(**{"Content-Type": "application/json", **extra})
    return page.client.post("/api/tx/events/batch", data=body, headers=headers)


def batch(*events: Any) -> bytes:
    return orjson.dumps({"events": events})


def refused(answer: TestResponse, status: int, code: str) -> None:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), answer.text
    body = answer.get_json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
    assert body["request_id"]


def zstd_stream(body: bytes) -> bytes:
    """As a sender writes it that does not know the size beforehand."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(body) + compressor.flush()


COMPRESSED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("GZIP ", gzip.compress),
    ("zstd", zstandard.ZstdCompressor().compress),
    ("zstd", zstd_stream),
    ("identity", bytes),
]


@pytest.mark.parametrize(("encoding", "compress"), COMPRESSED)
def test_compressed_bodies_are_read(page: Page, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    answer = post(page, compress(batch(event(), event())), encoding)
    assert answer.status_code == 202
    assert answer.get_json()["accepted"] == 2


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [MIB + 1, 50 * MIB])
def test_bombs_are_refused(page: Page, encoding: str, size: int) -> None:
    compress = gzip.compress if encoding == "gzip" else zstandard.ZstdCompressor().compress
    refused(post(page, compress(b" " * size), encoding), 413, "body_too_large")


def test_a_body_beyond_one_mib_is_refused_and_one_below_is_not(page: Page) -> None:
    refused(post(page, b" " * (MIB + 1)), 413, "body_too_large")
    padded = batch(event())
    assert post(page, padded + b" " * (MIB - len(padded))).status_code == 202


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-4],
        lambda body: body[: len(body) // 2],
        lambda _: b"",
        lambda body: b"\xff" + body[1:],
        lambda body: body + b"rest",
        lambda body: body + body,
    ],
    ids=["end cut", "half", "empty", "wrong start", "rest", "twice"],
)
def test_damaged_compression_is_refused(page: Page, encoding: str, damage: Callable[[bytes], bytes]) -> None:
    body = batch(*(event() for _ in range(20)))
    compressed = gzip.compress(body) if encoding == "gzip" else zstd_stream(body)
    refused(post(page, damage(compressed), encoding), 400, "invalid_encoding")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, zstd", "x"])
def test_other_encodings_are_refused(page: Page, encoding: str) -> None:
    refused(post(page, zlib.compress(batch(event())), encoding), 415, "unsupported_encoding")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"events=1", b'{"events": [NaN]}', b'{"events": [1e999]}', b'{"events": ["\\ud800"]}',
        b'{"events": ["\xff"]}', b"[" * 2000 + b"]" * 2000, b'{"events": [01]}', b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(page: Page, body: bytes) -> None:
    refused(post(page, body), 400, "invalid_json")


@pytest.mark.parametrize("body", [b"[]", b"{}", b"7", b"null", b'"text"', b'{"events": {}}', b'{"events": null}'])
def test_json_that_is_no_batch_is_refused(page: Page, body: bytes) -> None:
    refused(post(page, body), 422, "invalid_input")
    assert page.client.get("/healthz").status_code == 200


def test_more_than_a_hundred_events_are_refused_and_none_is_taken(page: Page, store: Store) -> None:
    events = [event(visitor_id="v-1", session_id="s-1") for _ in range(101)]
    refused(post(page, batch(*events)), 422, "invalid_input")
    assert summary(page.send(*events[:100])) == (100, 0, 0, 0)
    ingest()
    assert len(store.event_ids()) == 100


def test_depth_seventeen_is_one_too_many(page: Page) -> None:
    def nested(levels: int) -> Any:
        return {"a": nested(levels - 1)} if levels else 1

    # The event is level one, its payload level two.
    fine, deep, abyss = (event(payload={"x": nested(levels)}) for levels in (14, 15, 900))
    body = page.send(fine, deep, abyss)
    assert summary(body) == (1, 0, 0, 2)
    assert problems(body, 1) == problems(body, 2) == [("", "depth")]


def test_an_abyss_that_is_no_event_is_told_and_kept(page: Page, store: Store) -> None:
    abyss: Any = []
    for _ in range(900):
        abyss = [abyss]
    body = page.send(abyss, event(event_id=abyss), event(event_name=abyss), event())
    assert summary(body) == (1, 0, 0, 3)
    ingest()
    assert len(store.rows("tx_rejected_events")) == 3
    assert len(store.events()) == 1


def test_nul_is_rejected_wherever_it_stands_and_its_name_in_letters_is_not(page: Page, store: Store) -> None:
    hostile = [
        event(visitor_id="v\0"),
        event(payload={"page_type": "event", "x": ["a\0"]}),
        event(context={"utm": {"a\0": "b"}}),
    ]
    harmless = event(context={"page": {"url": "https://shop.example/\\u0000"}})
    body = page.send(*hostile, harmless)
    assert summary(body) == (1, 0, 0, 3)
    assert [problems(body, index) for index in range(3)] == [[("", "characters")]] * 3
    ingest()
    (row,) = store.events()
    assert row["context"] == harmless["context"]


def test_strange_numbers_are_stored_or_told_never_lost(page: Page, store: Store) -> None:
    numbers = [7.0, 1e3, 2**53 - 1, 2**53, 2**64 - 1, -0.0, 0.5]
    events = [event(sequence_no=number, payload={"x": 1e308}) for number in numbers]
    body = page.send(*events)
    ingest()
    stored = {str(row["event_id"]): row["sequence_no"] for row in store.events()}
    kept = [stored.get(item["event_id"]) for item in events]
    assert kept == [7, 1000, 2**53 - 1, None, None, 0, None]
    assert {entry["index"] for entry in body["errors"]} == {3, 4, 6}


def test_an_integer_beyond_all_bounds_is_a_number(page: Page, store: Store) -> None:
    raw = batch(event(payload={"x": 0})).replace(b'"x":0', b'"x":' + b"9" * 400)
    refused(post(page, raw), 400, "invalid_json")
    raw = batch(event(payload={"x": 0})).replace(b'"x":0', b'"x":' + b"9" * 40)
    assert post(page, raw).get_json()["accepted"] == 1
    ingest()
    assert float(store.events()[0]["payload"]["x"]) == 1e40


def test_of_a_key_that_stands_twice_the_last_counts(page: Page, store: Store) -> None:
    raw = batch(event()).replace(
        b'"event_name":"page_view"', b'"event_name":"page_view","event_name":"order_completed"'
    )
    answer = post(page, raw)
    assert [entry["code"] for entry in answer.get_json()["errors"]] in (["untrusted"], ["schema"])
    raw = batch(event()).replace(
        b'"event_name":"page_view"', b'"event_name":"order_completed","event_name":"page_view"'
    )
    assert post(page, raw).get_json()["accepted"] == 1
    ingest()
    assert [row["event_name"] for row in store.events()] == ["page_view"]


def test_too_many_values_in_one_event_are_rejected(page: Page) -> None:
    body = page.send(event(payload={"x": [0] * 5_000}), event(payload={"x": [0] * 4_000}))
    assert summary(body) == (1, 0, 0, 1)
    assert problems(body, 0) == [("", "size")]
