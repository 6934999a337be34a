"""JSON from strangers: strict, bounded, storable."""

from __future__ import annotations

import pytest

from core.json_input import MAX_DEPTH, BodyError, parse_json


def test_plain_json_is_read() -> None:
    assert parse_json(b'{"a": [1, "\xc3\xa9", null, {"b": "\\\\u0000"}]}') == {"a": [1, "é", None, {"b": "\\u0000"}]}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"[Infinity]", b"{'a': 1}", b"[1,]", b"\xff", b'"\\ud800"', b'"a\x00b"', b"1e999"]
)
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError, match="not valid JSON") as caught:
        parse_json(body)
    assert (caught.value.status, caught.value.code) == (400, "invalid_json")


@pytest.mark.parametrize("body", [b'"\\u0000"', b'[{"a": "x\\u0000y"}]', b'{"a\\u0000": 1}'])
def test_nul_is_refused_because_nothing_can_store_it(body: bytes) -> None:
    with pytest.raises(BodyError, match="NUL") as caught:
        parse_json(body)
    assert caught.value.code == "nul"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_bounded(opening: bytes, closing: bytes) -> None:
    inside = MAX_DEPTH - 1
    assert parse_json(opening * inside + b"1" + closing * inside)
    with pytest.raises(BodyError) as caught:
        parse_json(opening * (inside + 1) + b"1" + closing * (inside + 1))
    assert caught.value.code == "too_deep"
    with pytest.raises(BodyError):
        parse_json(opening * 100_000 + b"1" + closing * 100_000)


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(BodyError) as caught:
        parse_json(b"[" + b"1," * 200_000 + b"1]")
    assert caught.value.code == "too_many_values"
