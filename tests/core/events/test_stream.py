"""Entries of the stream: written and read back as they were, with a memory of a quarter of an hour."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events.api import Entry, append, decode
from core.events.stream import SEEN_SLOT_SECONDS, encode
from core.valkey import client

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def entry(*names: str, trusted: bool = False, tenant_id: int = 1, **changes: Any) -> Entry:
    events = [{"event_id": name} for name in names]
    return Entry(tenant_id, trusted, datetime.now(UTC), events, **changes)


@pytest.fixture(autouse=True)
def _empty(database: str) -> None:
    client().flushdb()


@given(
    st.lists(st.fixed_dictionaries({"event_id": st.uuids().map(str), "payload": JSON}), max_size=4),
    st.lists(st.fixed_dictionaries({"problems": JSON}), max_size=2),
    st.binary(max_size=50),
)
def test_an_entry_is_read_as_it_was_written(events: list[Any], rejects: list[Any], sealed: bytes) -> None:
    made = Entry(7, True, datetime.now(UTC), events, "shop", sealed or None, {"privacy_signal": True}, rejects)
    assert decode(encode(made)) == made


def test_a_repeated_id_is_told_by_its_position(database: str) -> None:
    first, second, third = (str(uuid.uuid4()) for _ in range(3))
    assert append(entry(first, second, first)) == [2]
    assert append(entry(third, second)) == [1]
    assert append(entry(first, second, third)) == [0, 1, 2]
    # Nothing new was in the last one.
    assert client().xlen("adrail:events:0") == 2


def test_rejects_are_kept_also_when_nothing_else_is_new(database: str) -> None:
    name = str(uuid.uuid4())
    append(entry(name))
    assert append(entry(name, rejects=[{"code": "schema"}])) == [0]
    assert append(entry(rejects=[{"code": "schema"}])) == []
    assert client().xlen("adrail:events:0") == 3


def test_marketplaces_and_kinds_of_senders_have_memories_of_their_own(database: str) -> None:
    name = str(uuid.uuid4())
    assert append(entry(name)) == append(entry(name, trusted=True)) == append(entry(name, tenant_id=2)) == []
    assert append(entry(name.upper())) == [0]


@pytest.mark.parametrize(("slots", "known"), [(1, True), (3, True), (4, False)])
def test_an_id_is_remembered_for_a_quarter_of_an_hour(database: str, slots: int, known: bool) -> None:
    name = str(uuid.uuid4())
    append(entry(name))
    (key,) = (found.decode() for found in client().scan_iter("adrail:seen:1:p:*"))
    prefix, _, slot = key.rpartition(":")
    assert 3 * SEEN_SLOT_SECONDS < client().ttl(key) <= 4 * SEEN_SLOT_SECONDS
    client().rename(key, f"{prefix}:{int(slot) - slots}")
    assert append(entry(name)) == ([0] if known else [])


@pytest.mark.parametrize(
    "fields",
    [{}, {b"h": b"{}"}, {b"h": b"[", b"c": b"", b"e": b""}, {**encode(entry("x")), b"e": b"\x28\xb5\x2f\xfd"}],
)
def test_a_damaged_entry_says_so(fields: dict[bytes, bytes]) -> None:
    with pytest.raises((KeyError, ValueError)):
        decode(fields)
