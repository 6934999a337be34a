"""Cursors: opaque, and refused when they were not made for the list."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from core.paging import clamp, decode_cursor, encode_cursor


def forged(text: str) -> str:
    """A cursor that nobody handed out."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8")), st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_cursor_reads_back(text: str, number: int) -> None:
    assert decode_cursor(encode_cursor(text, number), str, int) == (text, number)


def test_times_read_back_with_their_zone() -> None:
    moment = datetime(2026, 11, 20, 10, 46, 32, 123456, tzinfo=UTC)
    assert decode_cursor(encode_cursor(moment, 7), datetime, int) == (moment, 7)


@pytest.mark.parametrize("cursor", [None, ""])
def test_the_first_page_has_no_cursor(cursor: str | None) -> None:
    assert decode_cursor(cursor, int) is None


@pytest.mark.parametrize(
    ("cursor", "kinds"),
    [
        ("é", (int,)),
        ("!!", (int,)),
        ("AAAA", (int,)),
        (forged("{}"), (int,)),
        (forged("7"), (int,)),
        (forged("[]"), (int,)),
        (forged("[1,2]"), (int,)),
        (forged("[true]"), (int,)),
        (forged("[1.5]"), (int,)),
        (forged("[null]"), (str,)),
        (forged("[[]]"), (str,)),
        (forged("[9223372036854775808]"), (int,)),
        (forged('["a\\u0000"]'), (str,)),
        (forged('["tomorrow"]'), (datetime,)),
        (forged('["2026-11-20T10:00:00"]'), (datetime,)),
        (forged("[5]"), (datetime,)),
        (encode_cursor("1"), (int,)),
    ],
)
def test_a_foreign_cursor_is_refused(cursor: str, kinds: tuple[type[Any], ...]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decode_cursor(cursor, *kinds)
    assert caught.value.errors[0].pointer == "/cursor"


@pytest.mark.parametrize(("asked", "given_"), [(-1, 1), (0, 1), (50, 50), (201, 200)])
def test_page_sizes_are_kept_in_bounds(asked: int, given_: int) -> None:
    assert clamp(asked) == given_
